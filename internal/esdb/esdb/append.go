package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// AppendToStreamOptions are the choices of an append.
type AppendToStreamOptions struct {
	// ExpectedRevision is where the stream must be; nil: Any.
	ExpectedRevision ExpectedRevision
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the call.
	Deadline *time.Duration
	// RequiresLeader refuses nodes that are not the leader.
	RequiresLeader bool
}

// WriteResult says where an append ended up.
type WriteResult struct {
	CommitPosition  uint64
	PreparePosition uint64
	// NextExpectedVersion is the revision of the last event written: what to
	// expect at the next append.
	NextExpectedVersion uint64
}

// AppendToStream writes events to a stream, all or none. With event ids set by
// the caller, repeating the same call is harmless.
//
// Errors have the codes WrongExpectedVersion, StreamDeleted, AccessDenied,
// Unauthenticated, NotLeader (nothing was written), DeadlineExceeded,
// Unavailable, Aborted (something may have been written), ConnectionClosed or
// Unknown. Failures to send are wrapped: use errors.As.
func (c *Client) AppendToStream(
	ctx context.Context, streamID string, opts AppendToStreamOptions, events ...EventData,
) (*WriteResult, error) {
	ctx, cancel := c.bounded(ctx, opts.Deadline)
	defer cancel()
	conn, err := c.connector.connection(ctx)
	if err != nil {
		return nil, err
	}
	ctx = c.addressed(ctx, opts.Authenticated, opts.RequiresLeader)
	call, err := conn.streams.Append(ctx)
	if err != nil {
		return nil, fmt.Errorf("could not open the append: %w", c.fault(ctx, conn, nil, err))
	}
	if err := sendAppend(call, streamID, opts.ExpectedRevision, events); err != nil {
		if errors.Is(err, io.EOF) { // the server hung up: its answer says why
			err = call.RecvMsg(new(streams.AppendResp))
		}
		return nil, fmt.Errorf("could not send the events: %w", c.fault(ctx, conn, call.Trailer(), err))
	}
	answer, err := call.CloseAndRecv()
	if err != nil {
		return nil, c.fault(ctx, conn, call.Trailer(), err)
	}
	if refusal := answer.GetWrongExpectedVersion(); refusal != nil {
		return nil, wrongExpectedVersion(refusal)
	}
	return writeResult(answer.GetSuccess()), nil
}

func sendAppend(
	call streams.Streams_AppendClient, streamID string, expected ExpectedRevision, events []EventData,
) error {
	options := appendOptions(streamID, expected)
	if err := call.Send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: options}}); err != nil {
		return err
	}
	for i := range events {
		if err := call.Send(&streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{
			ProposedMessage: proposed(&events[i]),
		}}); err != nil {
			return err
		}
	}
	return nil
}

func appendOptions(streamID string, expected ExpectedRevision) *streams.AppendReq_Options {
	options := &streams.AppendReq_Options{StreamIdentifier: wireStream(streamID)}
	if expected == nil {
		expected = Any{}
	}
	switch kind, revision := expected.expected(); kind {
	case expectAny:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_Any{Any: &shared.Empty{}}
	case expectNoStream:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_NoStream{NoStream: &shared.Empty{}}
	case expectExists:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_StreamExists{StreamExists: &shared.Empty{}}
	case expectRevision:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_Revision{Revision: revision}
	}
	return options
}

func proposed(event *EventData) *streams.AppendReq_ProposedMessage {
	id := event.EventID
	if id == uuid.Nil {
		id = uuid.New()
	}
	content := binaryContent
	if event.ContentType == ContentTypeJson {
		content = jsonContent
	}
	return &streams.AppendReq_ProposedMessage{
		Id:             wireID(id),
		Metadata:       map[string]string{metadataType: event.EventType, metadataContentType: content},
		CustomMetadata: event.Metadata,
		Data:           event.Data,
	}
}

func writeResult(success *streams.AppendResp_Success) *WriteResult {
	result := &WriteResult{
		CommitPosition:      success.GetPosition().GetCommitPosition(),
		PreparePosition:     success.GetPosition().GetPreparePosition(),
		NextExpectedVersion: success.GetCurrentRevision(),
	}
	if _, none := success.GetCurrentRevisionOption().(*streams.AppendResp_Success_NoStream); none {
		result.NextExpectedVersion = 1 // as the official client has it
	}
	return result
}

// wrongExpectedVersion names what was expected and what was found.
func wrongExpectedVersion(refusal *streams.AppendResp_WrongExpectedVersion) *Error {
	expected := "unknown"
	switch option := refusal.GetExpectedRevisionOption().(type) {
	case *streams.AppendResp_WrongExpectedVersion_ExpectedRevision:
		expected = fmt.Sprint(option.ExpectedRevision)
	case *streams.AppendResp_WrongExpectedVersion_ExpectedAny:
		expected = "any"
	case *streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists:
		expected = "stream exists"
	case *streams.AppendResp_WrongExpectedVersion_ExpectedNoStream:
		expected = "no stream"
	}
	current := "no stream"
	if option, ok := refusal.GetCurrentRevisionOption().(*streams.AppendResp_WrongExpectedVersion_CurrentRevision); ok {
		current = fmt.Sprint(option.CurrentRevision)
	}
	return failure(ErrorCodeWrongExpectedVersion, "expected revision %s, found %s", expected, current)
}
