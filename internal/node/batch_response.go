package node

import (
	"context"
	"errors"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// response is the answer to a batch, of a failure if err is set.
func (b *batch) response(result store.Result, err error) *streams.BatchAppendResp {
	response := &streams.BatchAppendResp{CorrelationId: b.correlation, StreamIdentifier: b.stream}
	if err != nil {
		response.Result = &streams.BatchAppendResp_Error{Error: b.failure(err)}
		return response
	}
	success := &streams.BatchAppendResp_Success{}
	if result.Revision < 0 {
		success.CurrentRevisionOption = &streams.BatchAppendResp_Success_NoStream{NoStream: &emptypb.Empty{}}
	} else {
		success.CurrentRevisionOption = &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: uint64(result.Revision)}
	}
	if result.Position == 0 {
		success.PositionOption = &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}}
	} else {
		success.PositionOption = &streams.BatchAppendResp_Success_Position{Position: &shared.AllStreamPosition{
			CommitPosition: result.Position, PreparePosition: result.Position,
		}}
	}
	response.Result = &streams.BatchAppendResp_Success_{Success: success}
	return response
}

// failure says what EventStoreDB does in a batch: codes and texts differ from those of Append.
func (b *batch) failure(err error) *rpcstatus.Status {
	var (
		deleted  *store.StreamDeletedError
		wrong    *store.WrongRevisionError
		tooLarge *store.TooLargeError
		refused  *store.InvalidError
	)
	switch {
	case errors.As(err, &wrong):
		return failureOf(codes.AlreadyExists, "WrongExpectedVersion", wrongExpectedPosition(wrong))
	case errors.As(err, &deleted):
		return failureOf(codes.NotFound, "StreamDeleted", &shared.StreamDeleted{StreamIdentifier: b.stream})
	case errors.As(err, &tooLarge):
		return failureOf(codes.InvalidArgument, "MaximumAppendSizeExceeded",
			&shared.MaximumAppendSizeExceeded{MaxAppendSize: uint32(tooLarge.Limit)})
	case errors.Is(err, access.ErrDenied):
		return failureOf(codes.PermissionDenied, "AccessDenied", &shared.AccessDenied{})
	case errors.Is(err, errBatchTime), errors.Is(err, context.DeadlineExceeded):
		return failureOf(codes.DeadlineExceeded, "Timeout", &shared.Timeout{})
	case errors.Is(err, store.ErrClosed), errors.Is(err, store.ErrFailed), errors.Is(err, context.Canceled):
		return failureOf(codes.Unavailable, "Server Is Not Ready", &emptypb.Empty{})
	case errors.As(err, &refused), b.refused != nil:
		return failureOf(codes.InvalidArgument, "BadRequest", &shared.BadRequest{Message: status.Convert(err).Message()})
	}
	return failureOf(codes.Internal, "Unknown", &shared.Unknown{})
}

func failureOf(code codes.Code, text string, details proto.Message) *rpcstatus.Status {
	failure := &rpcstatus.Status{Code: int32(code), Message: text}
	if packed, err := anypb.New(details); err == nil { // an error is not reachable: these messages are ours
		failure.Details = []*anypb.Any{packed}
	}
	return failure
}

func wrongExpectedPosition(wrong *store.WrongRevisionError) *shared.WrongExpectedVersion {
	answer := &shared.WrongExpectedVersion{}
	if wrong.Current < 0 {
		answer.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &emptypb.Empty{}}
	} else {
		answer.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentStreamRevision{CurrentStreamRevision: uint64(wrong.Current)}
	}
	switch wrong.Expected {
	case store.Any:
		answer.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedAny{ExpectedAny: &emptypb.Empty{}}
	case store.StreamExists:
		answer.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &emptypb.Empty{}}
	case store.NoStream:
		answer.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &emptypb.Empty{}}
	default:
		answer.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamPosition{ExpectedStreamPosition: uint64(wrong.Expected)}
	}
	return answer
}
