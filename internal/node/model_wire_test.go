package node_test

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"am-user-management/internal/node/store"
	"am-user-management/internal/node/store/reference"
)

// sendAppend appends events that have nothing but different ids.
func (m *modelledNode) sendAppend(t *rapid.T, stream string, expected store.Expected, eventType string, data []byte, ids ...store.ID) reference.Outcome {
	options := &streams.AppendReq_Options{StreamIdentifier: named(stream)}
	switch expected {
	case store.Any:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_Any{Any: &shared.Empty{}}
	case store.NoStream:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_NoStream{NoStream: &shared.Empty{}}
	case store.StreamExists:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_StreamExists{StreamExists: &shared.Empty{}}
	default:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_Revision{Revision: uint64(expected)}
	}
	messages := []*streams.AppendReq{{Content: &streams.AppendReq_Options_{Options: options}}}
	for _, id := range ids {
		messages = append(messages, &streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{
			ProposedMessage: &streams.AppendReq_ProposedMessage{
				Id:       &shared.UUID{Value: &shared.UUID_String_{String_: uuid.UUID(id).String()}},
				Metadata: map[string]string{"type": eventType, "content-type": "application/json"}, Data: data,
			},
		}})
	}
	var trailer metadata.MD
	call, err := m.client.Append(m.ctx, grpc.Trailer(&trailer), grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		if err := call.Send(message); err != nil {
			break // the answer says why
		}
	}
	answer, err := call.CloseAndRecv()
	success, wrong := answer.GetSuccess(), answer.GetWrongExpectedVersion()
	switch {
	case err != nil:
		return m.ended(t, 0, err, trailer)
	case wrong != nil:
		out := reference.Outcome{Kind: reference.WrongRevision, Result: store.Result{Revision: -1}}
		if _, told := wrong.GetCurrentRevisionOption().(*streams.AppendResp_WrongExpectedVersion_CurrentRevision); told {
			out.Revision = int64(wrong.GetCurrentRevision())
		}
		return out
	}
	out := reference.Outcome{Result: store.Result{Revision: -1, Position: success.GetPosition().GetCommitPosition()}}
	if _, told := success.GetCurrentRevisionOption().(*streams.AppendResp_Success_CurrentRevision); told {
		out.Revision = int64(success.GetCurrentRevision())
	}
	return out
}

// ended is the outcome of a call that answers with nothing but a position, or with an error.
func (m *modelledNode) ended(t *rapid.T, position uint64, err error, trailer metadata.MD) reference.Outcome {
	if err == nil {
		return reference.Outcome{Result: store.Result{Position: position}}
	}
	switch exception := trailer.Get("exception"); {
	case status.Code(err) != codes.FailedPrecondition || len(exception) != 1 || len(trailer.Get("stream-name")) != 1:
	case exception[0] == "stream-deleted":
		return reference.Outcome{Kind: reference.StreamDeleted}
	case exception[0] == "wrong-expected-version" && len(trailer.Get("actual-version")) == 1:
		out := reference.Outcome{Kind: reference.WrongRevision}
		if _, err := fmt.Sscan(trailer.Get("actual-version")[0], &out.Revision); err == nil {
			return out
		}
	}
	t.Fatalf("answered %v with %v", err, trailer)
	return reference.Outcome{}
}

// found is what a read brought.
type found struct {
	events    []event
	notFound  bool
	last      *uint64
	end       codes.Code
	exception string
}

func (m *modelledNode) sendRead(t *rapid.T, options *streams.ReadReq_Options, backwards bool) found {
	if backwards {
		options.ReadDirection = streams.ReadReq_Options_Backwards
	}
	options.UuidOption.Content = &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}
	call, err := m.client.Read(m.ctx, &streams.ReadReq{Options: options}, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	var f found
	for {
		answer, err := call.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				f.end = status.Code(err)
			}
			if exception := call.Trailer().Get("exception"); len(exception) == 1 {
				f.exception = exception[0]
			}
			return f
		}
		switch content := answer.GetContent().(type) {
		case *streams.ReadResp_Event:
			f.events = append(f.events, readEvent(t, content.Event))
		case *streams.ReadResp_StreamNotFound_:
			f.notFound = true
		case *streams.ReadResp_LastStreamPosition:
			f.last = &content.LastStreamPosition
		case *streams.ReadResp_FirstStreamPosition:
		default:
			t.Fatalf("a read brought %T", content)
		}
	}
}

func readEvent(t *rapid.T, read *streams.ReadResp_ReadEvent) event {
	recorded := read.GetEvent()
	commit := recorded.GetCommitPosition()
	if recorded.GetPreparePosition() != commit || read.GetCommitPosition() != commit || recorded.GetStreamRevision() > math.MaxInt64 {
		t.Fatalf("inconsistent event: %v", read)
	}
	id, err := uuid.Parse(recorded.GetId().GetString_())
	if err != nil {
		t.Fatal(err)
	}
	return event{position: commit, Entry: reference.Entry{
		Stream: string(recorded.GetStreamIdentifier().GetStreamName()), Revision: int64(recorded.GetStreamRevision()), ID: store.ID(id),
	}}
}
