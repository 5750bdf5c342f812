package node

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/protobuf/proto"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// Keys of a proposed event's metadata.
const (
	metadataType        = "type"
	metadataContentType = "content-type"

	contentTypeJSON = "application/json"
)

// Append collects one call's events and writes them as one.
func (s *streamsService) Append(call streams.Streams_AppendServer) error {
	ctx := call.Context()
	first, err := call.Recv()
	if errors.Is(err, io.EOF) {
		return invalid("append without options")
	}
	if err != nil {
		return err
	}
	options := first.GetOptions()
	if options == nil {
		return invalid("the first message of an append must be its options")
	}
	name := streamName(options.GetStreamIdentifier())
	if err := s.guard.Check(ctx, access.Write, name); err != nil {
		return asStatus(ctx, err)
	}
	expected, err := appendExpectation(options)
	if err != nil {
		return err
	}
	events, err := receiveEvents(call, s.store.MaxAppendSize())
	if err != nil {
		return err
	}
	if err := s.guard.CheckLists(name, events); err != nil {
		return asStatus(ctx, err)
	}
	result, err := s.store.Append(ctx, name, expected, events)
	var wrong *store.WrongRevisionError
	switch {
	case errors.As(err, &wrong):
		return call.SendAndClose(wrongExpectedVersion(wrong))
	case err != nil:
		return asStatus(ctx, err)
	}
	return call.SendAndClose(appendSuccess(result))
}

// receiveEvents takes no more than may be written: no more data than the limit, and with metadata no more than one message
// of any other call could hold.
func receiveEvents(call streams.Streams_AppendServer, limit int) ([]store.Event, error) {
	var events []store.Event
	data, whole := 0, 0
	for {
		message, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		proposed := message.GetProposedMessage()
		if proposed == nil {
			return nil, invalid("every message after the options must be an event")
		}
		event, err := proposedEvent(call.Context(), proposed)
		if err != nil {
			return nil, err
		}
		data += len(event.Data)
		if whole += proto.Size(proposed); whole > maxRequestBytes {
			return nil, invalid("an append takes too much with its metadata")
		}
		if data > limit {
			return nil, asStatus(call.Context(), &store.TooLargeError{Limit: limit, Size: data})
		}
		events = append(events, event)
	}
}

func proposedEvent(ctx context.Context, proposed *streams.AppendReq_ProposedMessage) (store.Event, error) {
	metadata := proposed.GetMetadata()
	eventType, there := metadata[metadataType]
	if !there {
		return store.Event{}, missingMetadata(ctx, metadataType)
	}
	contentType, there := metadata[metadataContentType]
	if !there {
		return store.Event{}, missingMetadata(ctx, metadataContentType)
	}
	id, err := eventID(proposed.GetId())
	if err != nil {
		return store.Event{}, err
	}
	return store.Event{
		ID: id, Type: eventType, JSON: contentType == contentTypeJSON,
		Data: proposed.GetData(), Metadata: proposed.GetCustomMetadata(),
	}, nil
}

func appendExpectation(options *streams.AppendReq_Options) (store.Expected, error) {
	switch expected := options.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Revision:
		return expectation(expected.Revision)
	case *streams.AppendReq_Options_NoStream:
		return store.NoStream, nil
	case *streams.AppendReq_Options_Any:
		return store.Any, nil
	case *streams.AppendReq_Options_StreamExists:
		return store.StreamExists, nil
	}
	return 0, invalid("the expected revision is missing")
}

func appendSuccess(result store.Result) *streams.AppendResp {
	success := &streams.AppendResp_Success{}
	if result.Revision < 0 {
		success.CurrentRevisionOption = &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}}
	} else {
		success.CurrentRevisionOption = &streams.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(result.Revision)}
	}
	if result.Position == 0 {
		success.PositionOption = &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}}
	} else {
		success.PositionOption = &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition: result.Position, PreparePosition: result.Position,
		}}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: success}}
}

// wrongExpectedVersion tells current and expected revision twice, for old clients too.
func wrongExpectedVersion(wrong *store.WrongRevisionError) *streams.AppendResp {
	answer := &streams.AppendResp_WrongExpectedVersion{}
	if wrong.Current < 0 {
		answer.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}
		answer.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: &shared.Empty{}}
	} else {
		current := uint64(wrong.Current)
		answer.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: current}
		answer.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: current}
	}
	switch wrong.Expected {
	case store.Any:
		answer.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: &shared.Empty{}}
		answer.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: &shared.Empty{}}
	case store.StreamExists:
		answer.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &shared.Empty{}}
		answer.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: &shared.Empty{}}
	case store.NoStream:
		answer.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}}
		answer.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: math.MaxUint64}
	default:
		expected := uint64(wrong.Expected)
		answer.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: expected}
		answer.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: expected}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: answer}}
}
