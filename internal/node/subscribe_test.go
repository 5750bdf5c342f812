package node_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/store"
)

func subscribe(t testing.TB, client streams.StreamsClient, options *streams.ReadReq_Options) streams.Streams_ReadClient {
	t.Helper()
	call, err := client.Read(t.Context(), &streams.ReadReq{Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// takeEvents receives n events and returns them as "stream@revision:position", and how often the subscription caught up.
func takeEvents(t testing.TB, call streams.Streams_ReadClient, n int) (events []string, caughtUp int) {
	t.Helper()
	for len(events) < n {
		response, err := call.Recv()
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		if event := response.GetEvent().GetEvent(); event != nil {
			events = append(events, fmt.Sprintf("%s@%d:%d", event.GetStreamIdentifier().GetStreamName(),
				event.GetStreamRevision(), event.GetCommitPosition()))
		}
		if response.GetCaughtUp() != nil {
			caughtUp++
		}
	}
	return events, caughtUp
}

// TestSubscribersAndReadersAgree runs 64 appenders against live subscribers: to the whole log, filtered, and to one
// stream. Each sees what a later reader sees, in that order.
func TestSubscribersAndReadersAgree(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := streams.NewStreamsClient(dial(t, n.Address))
	const writers, appends = 64, 20
	all := subscribe(t, client, withoutSystemEvents(subscribeAll()))
	awaitCaughtUp(t, all)
	one := subscribe(t, client, subscribed(readStream("s-3")))
	if _, err := one.Recv(); err != nil { // confirmed
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for range appends {
				if err := appendOnce(t.Context(), client, fmt.Sprintf("s-%d", w%8), []byte(`{}`)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	live, _ := takeEvents(t, all, writers*appends)
	liveOne, _ := takeEvents(t, one, writers*appends/8)
	group.Wait()
	for name, test := range map[string]struct {
		options *streams.ReadReq_Options
		want    []string
	}{
		"all":    {options: withoutSystemEvents(readAll(1 << 40)), want: live},
		"stream": {options: readStream("s-3"), want: liveOne},
	} {
		later, _ := takeEvents(t, subscribe(t, client, test.options), len(test.want))
		if !slices.Equal(later, test.want) {
			t.Errorf("%s: a later reader sees another order than the live subscriber", name)
		}
	}
}

// TestSlowSubscriberLosesNothing lets subscribers rest while more is written than the node keeps in memory. They get
// every event in order and are told that they have caught up a second time.
func TestSlowSubscriberLosesNothing(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := streams.NewStreamsClient(dial(t, n.Address))
	all := subscribe(t, client, withoutSystemEvents(subscribeAll()))
	awaitCaughtUp(t, all)
	fill(t, n.Node(), 1, 1)
	one := subscribe(t, client, subscribed(readStream("s-0")))
	awaitCaughtUp(t, one)
	const more, each = 100, 300
	for i := range more {
		if _, err := n.Node().Append(t.Context(), "s-0", -2, storeEvents(each, 500)); err != nil {
			t.Fatal(i, err)
		}
	}
	fromAll, again := takeEvents(t, all, 1+more*each)
	checkRevisions(t, fromAll, 0)
	if again == 0 {
		awaitCaughtUp(t, all)
	}
	fromOne, again := takeEvents(t, one, more*each)
	checkRevisions(t, fromOne, 1)
	if again == 0 {
		awaitCaughtUp(t, one)
	}
}

func checkRevisions(t *testing.T, events []string, next int) {
	t.Helper()
	for _, event := range events {
		var revision, position int
		if _, err := fmt.Sscanf(event, "s-0@%d:%d", &revision, &position); err != nil || revision != next {
			t.Fatalf("got %s where revision %d was due (%v)", event, next, err)
		}
		next++
	}
}

// TestCheckpointAtTheLiveSwitch: a filtered subscriber whose events never come still learns how far the log went.
func TestCheckpointAtTheLiveSwitch(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	fill(t, n.Node(), 5, 5)
	options := withoutSystemEvents(subscribeAll())
	options.GetFilter().GetEventType().Regex = "^nothing"
	call := subscribe(t, streams.NewStreamsClient(dial(t, n.Address)), options)
	var checkpoint uint64
	for {
		response, err := call.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if response.GetCheckpoint() != nil {
			checkpoint = response.GetCheckpoint().GetCommitPosition()
		}
		if response.GetCaughtUp() != nil {
			break
		}
	}
	result, err := n.Node().Append(t.Context(), "s-0", -2, storeEvents(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if checkpoint != result.Position-1 {
		t.Errorf("last checkpoint is %d, the log went to %d", checkpoint, result.Position-1)
	}
}

// TestCheckpointsCountFromTheStart: what was examined before the subscriber had caught up counts towards the first
// checkpoint after it.
func TestCheckpointsCountFromTheStart(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	first, err := n.Node().Append(t.Context(), "s", store.Any, storeEvents(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	appendEvents(t, n.Node(), "s", 1)
	options := withoutSystemEvents(subscribeAll())
	options.GetAll().AllOption = &streams.ReadReq_Options_AllOptions_Position{Position: &streams.ReadReq_Options_Position{
		CommitPosition: first.Position, PreparePosition: first.Position,
	}}
	options.GetFilter().GetEventType().Regex = "^nothing"
	options.GetFilter().Window = &streams.ReadReq_Options_FilterOptions_Max{Max: 4}
	subscription := read(t, n, options)
	subscription.hears("confirmed", checkpointAt(first.Position+1), "caught up")
	for range 7 {
		appendEvents(t, n.Node(), "s", 1)
	}
	subscription.hears(checkpointAt(first.Position+4), checkpointAt(first.Position+8))
}

func checkpointAt(position uint64) string { return fmt.Sprintf("checkpoint %d", position) }

// TestCloseEndsSubscriptions: the client learns that the server went away, and finds everything after a restart.
func TestCloseEndsSubscriptions(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	conn := dial(t, n.Address)
	client := streams.NewStreamsClient(conn)
	call := subscribe(t, client, subscribeAll())
	awaitCaughtUp(t, call)
	fill(t, n.Node(), 3, 3)
	takeEvents(t, call, 3)
	n.Stop()
	if _, err := call.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("subscription ended with %v", err)
	}
	n.Restart()
	events, _ := takeEvents(t, subscribe(t, streams.NewStreamsClient(dial(t, n.Address)), readStream("s-0")), 3)
	if len(events) != 3 {
		t.Errorf("after the restart: %v", events)
	}
}

// TestCancelledSubscriptionEnds: a client that goes away does not hold up the node's end.
func TestCancelledSubscriptionEnds(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := streams.NewStreamsClient(dial(t, n.Address))
	ctx, cancel := context.WithCancel(t.Context())
	call, err := client.Read(ctx, &streams.ReadReq{Options: subscribeAll()})
	if err != nil {
		t.Fatal(err)
	}
	awaitCaughtUp(t, call)
	cancel()
	if _, err := call.Recv(); status.Code(err) != codes.Canceled {
		t.Errorf("cancelled subscription ended with %v", err)
	}
}
