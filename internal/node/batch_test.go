package node_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
)

func openBatches(t testing.TB, n *nodetest.Node) streams.Streams_BatchAppendClient {
	t.Helper()
	call, err := streams.NewStreamsClient(dial(t, n.Address)).BatchAppend(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// newStream is a whole batch that creates a stream.
func newStream(correlation uuid.UUID, stream string, events int) *streams.BatchAppendReq {
	message := more(correlation, true, make([][]byte, events)...)
	message.Options = &streams.BatchAppendReq_Options{
		StreamIdentifier:       named(stream),
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}},
	}
	return message
}

// more is a message of a batch that is open.
func more(correlation uuid.UUID, final bool, events ...[]byte) *streams.BatchAppendReq {
	message := &streams.BatchAppendReq{CorrelationId: textID(correlation), IsFinal: final}
	for _, data := range events {
		message.ProposedMessages = append(message.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id: textID(uuid.New()), Metadata: map[string]string{"type": "t", "content-type": "application/octet-stream"}, Data: data,
		})
	}
	return message
}

func textID(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
}

func sendBatch(t testing.TB, call streams.Streams_BatchAppendClient, message *streams.BatchAppendReq) {
	t.Helper()
	if err := call.Send(message); err != nil {
		t.Fatal(err)
	}
}

func nextAnswer(t testing.TB, call streams.Streams_BatchAppendClient) *streams.BatchAppendResp {
	t.Helper()
	answer, err := call.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestBatchesInOrder sends more batches than may be on their way at once, before it reads an answer.
func TestBatchesInOrder(t *testing.T) {
	t.Parallel()
	call := openBatches(t, nodetest.Start(t))
	const batches = 5000
	go func() {
		for i := range batches {
			if err := call.Send(newStream(uuid.New(), fmt.Sprintf("s-%d", i), 2)); err != nil {
				t.Errorf("batch %d: %v", i, err)
				return
			}
		}
		if err := call.CloseSend(); err != nil {
			t.Error(err)
		}
	}()
	last := uint64(0)
	for i := range batches {
		answer := nextAnswer(t, call)
		if want := fmt.Sprintf("s-%d", i); string(answer.GetStreamIdentifier().GetStreamName()) != want {
			t.Fatalf("answer %d is to %s", i, answer.GetStreamIdentifier().GetStreamName())
		}
		position := answer.GetSuccess().GetPosition().GetCommitPosition()
		if answer.GetSuccess().GetCurrentRevision() != 1 || position <= last {
			t.Fatalf("answer %d after position %d: %v", i, last, answer)
		}
		last = position
	}
	if _, err := call.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the call ends with %v", err)
	}
}

func failureOf(answer *streams.BatchAppendResp) string {
	return codes.Code(answer.GetError().GetCode()).String() + " " + answer.GetError().GetMessage()
}

func TestBatchRefused(t *testing.T) {
	t.Parallel()
	n := nodetest.StartWith(t, node.Options{MaxAppendSize: 1000})
	for name, one := range map[string]struct {
		messages []*streams.BatchAppendReq
		want     string
	}{
		"grows too large": {[]*streams.BatchAppendReq{
			opens(newStream(uuid.UUID{1}, "large", 0)), more(uuid.UUID{1}, false, make([]byte, 600)), more(uuid.UUID{1}, false, make([]byte, 600)),
		}, "InvalidArgument MaximumAppendSizeExceeded"},
		"no event id": {[]*streams.BatchAppendReq{withoutID(newStream(uuid.UUID{2}, "no-id", 1))}, "InvalidArgument BadRequest"},
		"bad correlation id": {
			[]*streams.BatchAppendReq{withCorrelation(newStream(uuid.UUID{3}, "c", 1), "no uuid")},
			"InvalidArgument BadRequest",
		},
		"revision out of range": {[]*streams.BatchAppendReq{atRevision(newStream(uuid.UUID{4}, "r", 1), 1<<63)}, "InvalidArgument BadRequest"},
		"no event id in the first of more": {
			[]*streams.BatchAppendReq{opens(withoutID(newStream(uuid.UUID{6}, "no-id", 1)))}, "InvalidArgument BadRequest",
		},
		"no stream name in the first of more": {
			[]*streams.BatchAppendReq{opens(newStream(uuid.UUID{7}, "", 1))}, "InvalidArgument BadRequest",
		},
		"time over before the revision counts": {
			[]*streams.BatchAppendReq{within(withoutExpectation(newStream(uuid.UUID{8}, "late", 1)), -1)}, "DeadlineExceeded Timeout",
		},
		"time over": {[]*streams.BatchAppendReq{opens(within(newStream(uuid.UUID{5}, "late", 1), 1))}, "DeadlineExceeded Timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := openBatches(t, n)
			for _, message := range one.messages {
				sendBatch(t, call, message)
			}
			if got := failureOf(nextAnswer(t, call)); got != one.want {
				t.Errorf("answered %q, want %q", got, one.want)
			}
			sendBatch(t, call, newStream(uuid.New(), "after "+name, 1))
			if answer := nextAnswer(t, call); answer.GetSuccess() == nil {
				t.Errorf("the call does not go on: %v", answer)
			}
		})
	}
}

func opens(message *streams.BatchAppendReq) *streams.BatchAppendReq {
	message.IsFinal = false
	return message
}

func withoutID(message *streams.BatchAppendReq) *streams.BatchAppendReq {
	message.ProposedMessages[0].Id = nil
	return message
}

func withoutExpectation(message *streams.BatchAppendReq) *streams.BatchAppendReq {
	message.Options.ExpectedStreamPosition = nil
	return message
}

func withCorrelation(message *streams.BatchAppendReq, id string) *streams.BatchAppendReq {
	message.CorrelationId = &shared.UUID{Value: &shared.UUID_String_{String_: id}}
	return message
}

func atRevision(message *streams.BatchAppendReq, n uint64) *streams.BatchAppendReq {
	message.Options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: n}
	return message
}

func within(message *streams.BatchAppendReq, nanoseconds int32) *streams.BatchAppendReq {
	message.Options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: &durationpb.Duration{Nanos: nanoseconds}}
	return message
}

// TestUnfinishedBatchesAreBounded: what a client has begun and not finished takes memory, up to a bound for all clients.
func TestUnfinishedBatchesAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	n := nodetest.StartWith(t, node.Options{Clock: func() time.Time { return now }}) // nobody's time is over
	call := openBatches(t, n)
	large := newStream(uuid.New(), "large", 1)
	large.ProposedMessages[0].CustomMetadata = make([]byte, 12<<20)
	large.IsFinal = false
	for i := range 12 {
		large.CorrelationId = textID(uuid.UUID{1, byte(i)})
		sendBatch(t, call, large)
	}
	if got := failureOf(nextAnswer(t, call)); got != "InvalidArgument BadRequest" {
		t.Errorf("answered %q", got)
	}
	if err := call.CloseSend(); err != nil {
		t.Fatal(err)
	}
	other := openBatches(t, n)
	sendBatch(t, other, newStream(uuid.New(), "other", 1)) // waits for the room of those that will never be whole
	if answer := nextAnswer(t, other); answer.GetSuccess() == nil {
		t.Errorf("another client is answered %v", answer)
	}
}

func TestAppendTakesNoMoreThanMayBeWritten(t *testing.T) {
	t.Parallel()
	call, err := streams.NewStreamsClient(dial(t, nodetest.Start(t).Address)).Append(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sent := call.Send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: &streams.AppendReq_Options{
		StreamIdentifier: named("s"), ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
	}}})
	for sent == nil { // without end, if nobody ends it
		sent = call.Send(&streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
			Id: textID(uuid.New()), Metadata: map[string]string{"type": "t", "content-type": "application/octet-stream"},
			CustomMetadata: make([]byte, 1<<20),
		}}})
	}
	if _, err := call.CloseAndRecv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("the call ends with %v", err)
	}
}

// TestUnfinishedBatch: what is not whole when the client has no more to say is not written.
func TestUnfinishedBatch(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	call := openBatches(t, n)
	sendBatch(t, call, opens(newStream(uuid.UUID{1}, "half", 1)))
	sendBatch(t, call, more(uuid.UUID{9}, true, nil)) // of no batch
	if err := call.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if got := failureOf(nextAnswer(t, call)); got != "DeadlineExceeded Timeout" {
		t.Errorf("answered %q", got)
	}
	if _, err := call.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the call ends with %v", err)
	}
	again := openBatches(t, n)
	sendBatch(t, again, newStream(uuid.New(), "half", 1))
	if answer := nextAnswer(t, again); answer.GetSuccess() == nil {
		t.Errorf("the stream is there: %v", answer)
	}
}

// TestBatchIsAnsweredUnderItsLastCorrelationID, in the form that it has there.
func TestBatchIsAnsweredUnderItsLastCorrelationID(t *testing.T) {
	t.Parallel()
	call := openBatches(t, nodetest.Start(t))
	sendBatch(t, call, opens(newStream(uuid.UUID{1}, "s", 1)))
	last := more(uuid.UUID{1}, true, nil)
	last.CorrelationId = &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{MostSignificantBits: 1 << 56}}}
	sendBatch(t, call, last)
	answer := nextAnswer(t, call)
	if answer.GetSuccess() == nil || answer.GetCorrelationId().GetStructured().GetMostSignificantBits() != 1<<56 {
		t.Errorf("answered %v", answer)
	}
}

// TestMessageOfNoBatch that cannot be one's first nor another one's next, ends the call.
func TestMessageOfNoBatch(t *testing.T) {
	t.Parallel()
	call := openBatches(t, nodetest.Start(t))
	sendBatch(t, call, &streams.BatchAppendReq{IsFinal: true})
	if _, err := call.Recv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("the call ends with %v", err)
	}
}

// TestCloseEndsBatches: an open call does not hold up the end of the node.
func TestCloseEndsBatches(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	call := openBatches(t, n)
	sendBatch(t, call, newStream(uuid.New(), "s", 1))
	if answer := nextAnswer(t, call); answer.GetSuccess() == nil {
		t.Fatalf("answered %v", answer)
	}
	n.Stop()
	if _, err := call.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the call ends with %v", err)
	}
}
