package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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
	// RequiresLeader has no effect, as in the official client.
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
	conn, err := c.connector.connection()
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.bounded(ctx, opts.Deadline)
	defer cancel()
	ctx = c.addressed(ctx, opts.Authenticated)
	call, err := conn.streams.Append(ctx)
	if err != nil {
		return nil, fmt.Errorf("could not open the append: %w", c.fault(ctx, conn, nil, err))
	}
	answer := new(appendAnswer)
	if err := sendAppend(call, streamID, opts.ExpectedRevision, events); err != nil {
		if errors.Is(err, io.EOF) { // the server hung up: its answer says why
			err = call.RecvMsg(answer)
		}
		return nil, fmt.Errorf("could not send the events: %w", c.fault(ctx, conn, call.Trailer(), err))
	}
	if err := call.CloseSend(); err != nil {
		return nil, fmt.Errorf("could not send the end: %w", c.fault(ctx, conn, call.Trailer(), err))
	}
	if err := call.RecvMsg(answer); err != nil {
		return nil, c.fault(ctx, conn, call.Trailer(), err)
	}
	if answer.refusal != nil {
		return nil, wrongExpectedVersion(answer.refusal)
	}
	return &answer.result, nil
}

func sendAppend(
	call streams.Streams_AppendClient, streamID string, expected ExpectedRevision, events []EventData,
) error {
	if err := call.SendMsg(encodeAppendOptions(streamID, expected)); err != nil {
		return err
	}
	for i := range events {
		if err := call.SendMsg(encodeProposed(&events[i])); err != nil {
			return err
		}
	}
	return nil
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
