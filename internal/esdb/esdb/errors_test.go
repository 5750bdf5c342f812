package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// faults is how a server says no, and the code that callers see.
var faults = map[string]struct {
	status    codes.Code
	exception string
	trailer   []string
	want      esdb.ErrorCode
}{
	"tombstoned":               {codes.FailedPrecondition, "stream-deleted", []string{"stream-name", "s"}, esdb.ErrorCodeStreamDeleted},
	"tombstoned, without name": {codes.FailedPrecondition, "stream-deleted", nil, esdb.ErrorCodeStreamDeleted},
	"access denied":            {codes.PermissionDenied, "access-denied", nil, esdb.ErrorCodeAccessDenied},
	"bad credentials":          {codes.Unauthenticated, "", nil, esdb.ErrorCodeUnauthenticated},
	"wrong version of a delete": {
		codes.FailedPrecondition, "wrong-expected-version",
		[]string{"stream-name", "s", "expected-version", "1", "actual-version", "2"},
		esdb.ErrorCodeUnknown,
	},
	"append too large":         {codes.InvalidArgument, "maximum-append-size-exceeded", []string{"maximum-append-size", "1"}, esdb.ErrorCodeUnknown},
	"event too large":          {codes.InvalidArgument, "maximum-append-event-size-exceeded", nil, esdb.ErrorCodeUnknown},
	"missing metadata":         {codes.InvalidArgument, "missing-required-metadata-property", nil, esdb.ErrorCodeUnknown},
	"invalid transaction":      {codes.InvalidArgument, "invalid-transaction", nil, esdb.ErrorCodeUnknown},
	"timed out in the server":  {codes.Aborted, "", nil, esdb.ErrorAborted},
	"not ready":                {codes.Unavailable, "", nil, esdb.ErrorUnavailable},
	"invalid request":          {codes.InvalidArgument, "", nil, esdb.ErrorCodeUnknown},
	"unhandled exception":      {codes.Unknown, "", nil, esdb.ErrorCodeUnknown},
	"group missing":            {codes.NotFound, "persistent-subscription-does-not-exist", nil, esdb.ErrorCodeResourceNotFound},
	"group exists":             {codes.AlreadyExists, "persistent-subscription-exists", nil, esdb.ErrorCodeResourceAlreadyExists},
	"group failed":             {codes.Internal, "persistent-subscription-failed", nil, esdb.ErrorCodeUnknown},
	"too many subscribers":     {codes.FailedPrecondition, "maximum-subscribers-reached", nil, esdb.ErrorCodeUnknown},
	"group dropped":            {codes.Canceled, "persistent-subscription-dropped", nil, esdb.ErrorCodeUnknown},
	"user not found":           {codes.NotFound, "user-not-found", nil, esdb.ErrorCodeResourceNotFound},
	"user conflict":            {codes.FailedPrecondition, "user-conflict", nil, esdb.ErrorCodeUnknown},
	"not leader":               {codes.NotFound, "not-leader", []string{"leader-endpoint-host", "127.0.0.1", "leader-endpoint-port", "1"}, esdb.ErrorCodeNotLeader},
	"not leader, none known":   {codes.NotFound, "not-leader", nil, esdb.ErrorCodeNotLeader},
	"bare not found":           {codes.NotFound, "", nil, esdb.ErrorCodeResourceNotFound},
	"bare already exists":      {codes.AlreadyExists, "", nil, esdb.ErrorCodeResourceAlreadyExists},
	"bare permission denied":   {codes.PermissionDenied, "", nil, esdb.ErrorCodeAccessDenied},
	"bare unimplemented":       {codes.Unimplemented, "", nil, esdb.ErrorCodeUnsupportedFeature},
	"bare deadline":            {codes.DeadlineExceeded, "", nil, esdb.ErrorCodeDeadlineExceeded},
	"bare failed precondition": {codes.FailedPrecondition, "", nil, esdb.ErrorCodeUnknown},
}

func TestServerFaultsHaveTheirCode(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trailer := metadata.Pairs(fault.trailer...)
			if fault.exception != "" {
				trailer.Set("exception", fault.exception)
			}
			cause := status.Error(fault.status, "no")
			node := (&server{
				onAppendCall: func(call streams.Streams_AppendServer) error {
					if _, err := receiveAll(call); err != nil {
						return err
					}
					call.SetTrailer(trailer)
					return cause
				},
				onRead: func(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
					call.SetTrailer(trailer)
					return cause
				},
				onDelete: func(ctx context.Context, _ *streams.DeleteReq) (*streams.DeleteResp, error) {
					_ = grpc.SetTrailer(ctx, trailer)
					return nil, cause
				},
				onTombstone: func(ctx context.Context, _ *streams.TombstoneReq) (*streams.TombstoneResp, error) {
					_ = grpc.SetTrailer(ctx, trailer)
					return nil, cause
				},
			}).start(t)
			client := connect(t, node)
			ctx := within(t)

			_, err := client.AppendToStream(ctx, "s", esdb.AppendToStreamOptions{}, esdb.EventData{EventType: "e"})
			expectFault(t, "append", err, fault.want, bare)

			_, err = client.DeleteStream(ctx, "s", esdb.DeleteStreamOptions{})
			expectFault(t, "delete", err, fault.want, wrapped)

			_, err = client.TombstoneStream(ctx, "s", esdb.TombstoneStreamOptions{})
			expectFault(t, "tombstone", err, fault.want, wrapped)

			_, err = client.SubscribeToStream(ctx, "s", esdb.SubscribeToStreamOptions{})
			expectFault(t, "subscribe", err, fault.want, wrapped)

			_, err = client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{})
			expectFault(t, "subscribe to all", err, fault.want, wrapped)

			_, err = client.GetStreamMetadata(ctx, "s", esdb.ReadStreamOptions{})
			expectFault(t, "metadata", err, fault.want, wrapped)

			read, err := client.ReadStream(ctx, "s", esdb.ReadStreamOptions{}, 1)
			if err != nil {
				t.Fatalf("a read fails in Recv, not when it is opened: %v", err)
			}
			defer read.Close()
			_, err = read.Recv()
			expectFault(t, "read", err, fault.want, bare)
			if _, err = read.Recv(); err != io.EOF { //nolint:errorlint // io.EOF itself is promised
				t.Errorf("Recv after an error: got %v, want io.EOF", err)
			}
		})
	}
}

const (
	bare    = true
	wrapped = false
)

func expectFault(t *testing.T, call string, err error, want esdb.ErrorCode, bare bool) {
	t.Helper()
	if got := codeOf(t, err); got != want {
		t.Errorf("%s: got code %v, want %v", call, got, want)
	}
	if _, ok := esdb.FromError(err); ok != bare {
		t.Errorf("%s: FromError says %v, want %v for %v", call, ok, bare, err)
	}
	if status.Code(errors.Unwrap(asError(err))) == codes.OK {
		t.Errorf("%s: the gRPC status is not inside of %v", call, err)
	}
}

func asError(err error) *esdb.Error {
	var own *esdb.Error
	errors.As(err, &own)
	return own
}

func TestFromErrorDoesNotUnwrap(t *testing.T) {
	t.Parallel()
	if own, ok := esdb.FromError(nil); own != nil || !ok {
		t.Errorf("nil: got %v, %v, want nil, true", own, ok)
	}
	_, parsing := esdb.ParseStreamPosition("x")
	if own, ok := esdb.FromError(parsing); !ok || !own.IsErrorCode(esdb.ErrorCodeParsing) {
		t.Errorf("own error: got %v, %v", own, ok)
	}
	around := fmt.Errorf("around: %w", parsing)
	if own, ok := esdb.FromError(around); ok || own.Code() != esdb.ErrorCodeUnknown || !errors.Is(own.Err(), around) {
		t.Errorf("wrapped error: got %v, %v, want Unknown, false", own, ok)
	}
}

func TestCodesKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	for code, want := range map[esdb.ErrorCode]int{
		esdb.ErrorCodeUnknown: 0, esdb.ErrorCodeUnsupportedFeature: 1, esdb.ErrorCodeDeadlineExceeded: 2,
		esdb.ErrorCodeUnauthenticated: 3, esdb.ErrorCodeResourceNotFound: 4, esdb.ErrorCodeResourceAlreadyExists: 5,
		esdb.ErrorCodeConnectionClosed: 6, esdb.ErrorCodeWrongExpectedVersion: 7, esdb.ErrorCodeAccessDenied: 8,
		esdb.ErrorCodeStreamDeleted: 9, esdb.ErrorCodeParsing: 10, esdb.ErrorCodeInternalClient: 11,
		esdb.ErrorCodeInternalServer: 12, esdb.ErrorCodeNotLeader: 13, esdb.ErrorAborted: 14, esdb.ErrorUnavailable: 15,
	} {
		if int(code) != want {
			t.Errorf("%v is %d, want %d", code, int(code), want)
		}
	}
	if text := esdb.ErrorUnavailable.String(); text != "ErrorUnavailable" {
		t.Errorf("the last code is called %s", text)
	}
}
