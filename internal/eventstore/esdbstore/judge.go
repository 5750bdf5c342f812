package esdbstore

import (
	"errors"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/steady"
)

// judgement is what an error of the client means for a call.
type judgement struct {
	final    error // of package eventstore, if trying again would not help; nothing was stored
	harmless bool  // nothing was stored by this try
}

// judge looks through the client's error, which wraps some causes and leaves others bare, to the gRPC status inside.
func judge(err error) judgement {
	if errors.Is(err, steady.ErrNotTried) {
		return judgement{harmless: true}
	}
	var fault *esdb.Error
	if errors.As(err, &fault) {
		switch fault.Code() {
		case esdb.ErrorCodeWrongExpectedVersion:
			return judgement{final: eventstore.ErrConflict}
		case esdb.ErrorCodeStreamDeleted:
			return judgement{final: eventstore.ErrTombstoned}
		case esdb.ErrorCodeAccessDenied, esdb.ErrorCodeUnauthenticated:
			return judgement{final: eventstore.ErrDenied}
		case esdb.ErrorCodeNotLeader:
			return judgement{harmless: true}
		}
	}
	if answer, ok := status.FromError(rootStatus(err)); ok {
		switch answer.Code() {
		case codes.PermissionDenied, codes.Unauthenticated:
			return judgement{final: eventstore.ErrDenied}
		case codes.ResourceExhausted:
			return judgement{final: eventstore.ErrTooLarge}
		case codes.InvalidArgument:
			if text := strings.ToLower(answer.Message()); strings.Contains(text, "append") && strings.Contains(text, "maximum") {
				return judgement{final: eventstore.ErrTooLarge}
			}
			return judgement{final: errRefused}
		}
	}
	return judgement{}
}

var errRefused = errors.New("the event store refuses the request")

// rootStatus finds the error with a gRPC status, however deep it is wrapped.
func rootStatus(err error) error {
	var carrier interface {
		error
		GRPCStatus() *status.Status
	}
	if errors.As(err, &carrier) {
		return carrier
	}
	return err
}

// isMissing tells whether a read found no stream. That is said by a message. A status with the same code is not about
// the stream: a node that is not the leader and knows none answers so, and so may what stands between it and us.
func isMissing(err error) bool {
	var fault *esdb.Error
	if !errors.As(err, &fault) || !fault.IsErrorCode(esdb.ErrorCodeResourceNotFound) {
		return false
	}
	_, isStatus := status.FromError(rootStatus(err))
	return !isStatus
}
