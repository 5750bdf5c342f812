package esdb_test

import (
	"context"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func confirmation() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "sub-1"},
	}}
}

func TestSubscriptionHandsOutWhatHappensInOrder(t *testing.T) {
	t.Parallel()
	messages := []*streams.ReadResp{
		confirmation(),
		eventMessage(wireEvent(1), nil),
		{Content: &streams.ReadResp_Checkpoint_{Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: 5, PreparePosition: 4}}},
	}
	messages = append(messages, strangeMessages()...)
	messages = append(messages,
		&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}},
		&streams.ReadResp{Content: &streams.ReadResp_FellBehind_{FellBehind: &streams.ReadResp_FellBehind{}}},
		eventMessage(wireEvent(2), nil),
	)
	node := answering(nil)
	node.onRead = func(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
		for _, message := range messages {
			if err := call.Send(message); err != nil {
				return err
			}
		}
		return status.Error(codes.Aborted, "enough")
	}
	client := connect(t, node.start(t))
	subscription, err := client.SubscribeToStream(within(t), "s", esdb.SubscribeToStreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if subscription.Id() != "sub-1" {
		t.Errorf("got id %q", subscription.Id())
	}
	if got := subscription.Recv(); got.EventAppeared == nil || got.EventAppeared.Event.EventNumber != 1 {
		t.Errorf("got %+v, want event 1", got)
	}
	if got := subscription.Recv(); got.CheckPointReached == nil || *got.CheckPointReached != (esdb.Position{Commit: 5, Prepare: 4}) {
		t.Errorf("got %+v, want a checkpoint", got)
	}
	if got := subscription.Recv(); got.CaughtUp != subscription {
		t.Errorf("got %+v, want caught up", got)
	}
	if got := subscription.Recv(); got.FellBehind != subscription {
		t.Errorf("got %+v, want fell behind", got)
	}
	if got := subscription.Recv(); got.EventAppeared == nil || got.EventAppeared.Event.EventNumber != 2 {
		t.Errorf("got %+v, want event 2", got)
	}
	got := subscription.Recv()
	if got.SubscriptionDropped == nil || status.Code(got.SubscriptionDropped.Error) != codes.Aborted {
		t.Fatalf("got %+v, want dropped", got)
	}
	if _, own := esdb.FromError(got.SubscriptionDropped.Error); own {
		t.Error("the cause of a drop is gRPC's own error")
	}
	if got := subscription.Recv(); got.SubscriptionDropped == nil {
		t.Errorf("got %+v, want dropped again", got)
	}
}

// waiting confirms a subscription and then sends nothing.
func waiting(seen **streams.ReadReq) *server {
	return &server{onRead: func(request *streams.ReadReq, call streams.Streams_ReadServer) error {
		if seen != nil {
			*seen = request
		}
		if err := call.Send(confirmation()); err != nil {
			return err
		}
		<-call.Context().Done()
		return nil
	}}
}

func TestCloseEndsAWaitingSubscription(t *testing.T) {
	t.Parallel()
	client := connect(t, waiting(nil).start(t))
	subscription, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{})
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan *esdb.SubscriptionEvent)
	go func() { received <- subscription.Recv() }()
	if err := subscription.Close(); err != nil {
		t.Error(err)
	}
	if got := <-received; got.SubscriptionDropped == nil {
		t.Errorf("got %+v, want dropped", got)
	}
	if got := subscription.Recv(); got.SubscriptionDropped == nil || got.SubscriptionDropped.Error == nil {
		t.Errorf("after Close: got %+v, want dropped with a cause", got)
	}
}

func TestCancellingTheContextEndsASubscription(t *testing.T) {
	t.Parallel()
	client := connect(t, waiting(nil).start(t))
	ctx, cancel := context.WithCancel(within(t))
	subscription, err := client.SubscribeToStream(ctx, "s", esdb.SubscribeToStreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if got := subscription.Recv(); got.SubscriptionDropped == nil || status.Code(got.SubscriptionDropped.Error) != codes.Canceled {
		t.Errorf("got %+v, want dropped as cancelled", got)
	}
}

func TestClosingTheClientDropsSubscriptions(t *testing.T) {
	t.Parallel()
	client := connect(t, waiting(nil).start(t))
	subscription, err := client.SubscribeToStream(within(t), "s", esdb.SubscribeToStreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if got := subscription.Recv(); got.SubscriptionDropped == nil {
		t.Errorf("got %+v, want dropped", got)
	}
}

func TestSubscriptionNeedsAConfirmation(t *testing.T) {
	t.Parallel()
	client := connect(t, answering(nil, eventMessage(wireEvent(0), nil)).start(t))
	_, err := client.SubscribeToStream(within(t), "s", esdb.SubscribeToStreamOptions{})
	if _, own := esdb.FromError(err); own || codeOf(t, err) != esdb.ErrorCodeInternalServer {
		t.Errorf("got %v", err)
	}
}

func TestSubscriptionDropsOnAMalformedEvent(t *testing.T) {
	t.Parallel()
	timeless := wireEvent(0)
	delete(timeless.Metadata, "created")
	client := connect(t, answering(nil, confirmation(), eventMessage(timeless, nil), eventMessage(wireEvent(1), nil)).start(t))
	subscription, err := client.SubscribeToStream(within(t), "s", esdb.SubscribeToStreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // going on would skip the event
		if got := subscription.Recv(); got.SubscriptionDropped == nil {
			t.Errorf("got %+v, want dropped", got)
		}
	}
}

func TestSubscriptionRequests(t *testing.T) {
	t.Parallel()
	var seen *streams.ReadReq
	client := connect(t, waiting(&seen).start(t))
	subscribed := func(subscription *esdb.Subscription, err error) *streams.ReadReq_Options {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		_ = subscription.Close()
		return seen.GetOptions()
	}
	stream := func(opts esdb.SubscribeToStreamOptions) *streams.ReadReq_Options {
		return subscribed(client.SubscribeToStream(within(t), "s", opts))
	}
	all := func(opts esdb.SubscribeToAllOptions) *streams.ReadReq_Options {
		return subscribed(client.SubscribeToAll(within(t), opts))
	}
	got := stream(esdb.SubscribeToStreamOptions{})
	if got.GetStream().GetEnd() == nil || got.GetSubscription() == nil || got.GetNoFilter() == nil {
		t.Errorf("by default from the end: got %v", got)
	}
	if got = stream(esdb.SubscribeToStreamOptions{From: esdb.Revision(0)}); got.GetStream().GetEnd() != nil || got.GetStream().GetStart() != nil {
		t.Errorf("revision 0 is not the start, the server leaves it out: got %v", got)
	}
	if got = stream(esdb.SubscribeToStreamOptions{From: esdb.Start{}, ResolveLinkTos: true}); got.GetStream().GetStart() == nil || !got.GetResolveLinks() {
		t.Errorf("start: got %v", got)
	}
	if got = all(esdb.SubscribeToAllOptions{}); got.GetAll().GetEnd() == nil || got.GetNoFilter() == nil {
		t.Errorf("all, by default from the end: got %v", got)
	}
	if got = all(esdb.SubscribeToAllOptions{From: esdb.Position{Commit: 9, Prepare: 8}}); got.GetAll().GetPosition().GetPreparePosition() != 8 {
		t.Errorf("position: got %v", got)
	}

	filter := all(esdb.SubscribeToAllOptions{Filter: esdb.ExcludeSystemEventsFilter()}).GetFilter()
	if filter.GetEventType().GetRegex() != `^[^\$].*` || filter.GetMax() != 32 || filter.GetCheckpointIntervalMultiplier() != 1 {
		t.Errorf("filter defaults: got %v", filter)
	}
	filter = all(esdb.SubscribeToAllOptions{
		Filter:          &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"a-", "b-"}},
		MaxSearchWindow: 64, CheckpointInterval: 3,
	}).GetFilter()
	if len(filter.GetStreamIdentifier().GetPrefix()) != 2 || filter.GetMax() != 64 || filter.GetCheckpointIntervalMultiplier() != 3 {
		t.Errorf("stream filter: got %v", filter)
	}
	filter = all(esdb.SubscribeToAllOptions{
		Filter: &esdb.SubscriptionFilter{Prefixes: []string{"a"}}, MaxSearchWindow: esdb.NoMaxSearchWindow,
	}).GetFilter()
	if filter.GetCount() == nil {
		t.Errorf("no search window: got %v", filter)
	}
}

func TestFilterHasPrefixesOrARegularExpression(t *testing.T) {
	t.Parallel()
	client := connect(t, waiting(nil).start(t))
	for _, filter := range []*esdb.SubscriptionFilter{{}, {Prefixes: []string{"a"}, Regex: "a"}} {
		_, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{Filter: filter})
		if err == nil {
			t.Fatalf("accepted %+v", filter)
		}
		if asError(err) != nil {
			t.Errorf("the error is not plain: %v", err)
		}
	}
}
