package node_test

import (
	"math"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/nodetest"
)

// from is a read from a revision on.
func from(options *streams.ReadReq_Options, revision uint64) *streams.ReadReq_Options {
	options.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: revision}
	return options
}

func backwards(options *streams.ReadReq_Options) *streams.ReadReq_Options {
	options.ReadDirection = streams.ReadReq_Options_Backwards
	return options
}

// TestReadsFromTheHighestRevisions: 2^63-1 is a revision that no event but a tombstone has, 2^64-1 stands for the end.
func TestReadsFromTheHighestRevisions(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 2)
	read(t, n, from(readStream("s"), math.MaxInt64)).hears("first 2", "last 1", "end")
	read(t, n, from(readStream("s"), math.MaxUint64)).hears("InvalidArgument")
	for _, highest := range []uint64{math.MaxInt64, math.MaxUint64} {
		read(t, n, backwards(from(readStream("s"), highest))).hears("1@s", "0@s", "last 1", "end")
	}
	read(t, n, from(subscribeStream("s"), math.MaxUint64)).hears("confirmed", "caught up")
}

// TestExpectingTheHighestNumber is to expect no stream.
func TestExpectingTheHighestNumber(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	call := openBatches(t, n)
	sendBatch(t, call, atRevision(newStream(uuid.New(), "s", 1), math.MaxUint64))
	if answer := nextAnswer(t, call); answer.GetSuccess() == nil {
		t.Errorf("where there is none: %v", answer)
	}
	sendBatch(t, call, atRevision(newStream(uuid.New(), "s", 1), math.MaxUint64))
	if got := failureOf(nextAnswer(t, call)); got != "AlreadyExists WrongExpectedVersion" {
		t.Errorf("where there is one: %s", got)
	}
	_, err := streams.NewStreamsClient(dial(t, n.Address)).Delete(t.Context(), &streams.DeleteReq{Options: &streams.DeleteReq_Options{
		StreamIdentifier: named("s"), ExpectedStreamRevision: &streams.DeleteReq_Options_Revision{Revision: math.MaxUint64},
	}})
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("delete: %v", err)
	}
}

// TestReadsOfFewOptions: ids are structured if nothing is said of them, and a checkpoint cannot come after no event.
func TestReadsOfFewOptions(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 1)
	options := readStream("s")
	options.UuidOption.Content = nil
	read(t, n, options).hears("0@s", "last 0", "end")
	options.UuidOption = nil
	read(t, n, options).hears("InvalidArgument")

	filtered := withoutSystemEvents(readAll(1))
	filtered.GetFilter().CheckpointIntervalMultiplier = 0
	read(t, n, filtered).hears("0@s", "end")
	read(t, n, subscribed(filtered)).hears("InvalidArgument")
}
