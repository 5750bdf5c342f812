package storeaccess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The outcomes of Probe that the service cannot work with; compare with errors.Is.
var (
	// ErrNotAdmitted: the store does not know the account, or its password is another.
	ErrNotAdmitted = errors.New("the event store refuses the account of EVENTSTORE_URL: user or password is wrong")
	// ErrMayNotRead: the account may not read the whole log.
	ErrMayNotRead = errors.New("the account of EVENTSTORE_URL may not read $all, without which nothing is projected: " +
		"have an administrator run `userctl store secure --url esdb://admin:…@… --service <account>`")
)

// Rights are what an account may do that the service never does.
type Rights struct {
	// Delete is to delete streams; Truncate is to write their metadata, which hides events.
	Delete, Truncate bool
}

// unreachable is a revision that no stream ever has: what expects it never happens, whoever asks.
const unreachable = math.MaxInt64 - 1

// Probe finds out what the client's account may. It asks for what cannot happen: to delete, and to write the metadata
// of, a stream that nobody has ever had, at a revision that no stream has. A store checks rights before it looks at the
// stream, so the answer tells them. The errors are ErrNotAdmitted, ErrMayNotRead and those of a store that does not answer.
func Probe(ctx context.Context, client *esdb.Client) (Rights, error) {
	if err := mayReadAll(ctx, client); err != nil {
		return Rights{}, err
	}
	stream := "no-such-stream-" + uuid.NewString()
	deadline := 5 * time.Second
	_, err := client.DeleteStream(ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(unreachable), Deadline: &deadline})
	mayDelete, err := allowed(err)
	if err != nil {
		return Rights{}, fmt.Errorf("ask whether the account may delete: %w", err)
	}
	_, err = client.AppendToStream(ctx, "$$"+stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(unreachable), Deadline: &deadline},
		esdb.EventData{EventID: uuid.New(), EventType: metadataType, ContentType: esdb.ContentTypeJson, Data: []byte(`{}`)})
	mayTruncate, err := allowed(err)
	if err != nil {
		return Rights{}, fmt.Errorf("ask whether the account may truncate: %w", err)
	}
	return Rights{Delete: mayDelete, Truncate: mayTruncate}, nil
}

func mayReadAll(ctx context.Context, client *esdb.Client) error {
	read, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	if err == nil {
		defer read.Close()
		_, err = read.Recv()
	}
	switch answer := judge(err); {
	case err == nil || errors.Is(err, io.EOF):
		return nil
	case answer == codes.PermissionDenied:
		return ErrMayNotRead
	case answer == codes.Unauthenticated:
		return ErrNotAdmitted
	}
	return err
}

// allowed reads the answer to a call that cannot succeed.
func allowed(err error) (bool, error) {
	switch judge(err) {
	case codes.PermissionDenied:
		return false, nil
	case codes.FailedPrecondition: // the revision is not that
		return true, nil
	case codes.OK:
		return false, errors.New("the store did what cannot be done")
	}
	return false, err
}

// judge is the status of an answer, whether the client made a code of it or not.
func judge(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	var fault *esdb.Error
	if errors.As(err, &fault) {
		switch fault.Code() {
		case esdb.ErrorCodeAccessDenied:
			return codes.PermissionDenied
		case esdb.ErrorCodeUnauthenticated:
			return codes.Unauthenticated
		case esdb.ErrorCodeWrongExpectedVersion:
			return codes.FailedPrecondition
		}
	}
	var carrier interface{ GRPCStatus() *status.Status }
	if errors.As(err, &carrier) {
		return carrier.GRPCStatus().Code()
	}
	return codes.Unknown
}
