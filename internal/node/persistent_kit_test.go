package node_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node"
	"am-user-management/internal/node/store"
)

func newClient(t testing.TB, address string) *esdb.Client {
	t.Helper()
	client, err := esdb.NewClient(&esdb.Configuration{
		Address: address, DisableTLS: true, MaxDiscoverAttempts: 3, GossipTimeout: 5,
		KeepAliveInterval: -1, KeepAliveTimeout: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// createGroup makes the group g of a stream.
func createGroup(t testing.TB, client *esdb.Client, stream string, options esdb.PersistentStreamSubscriptionOptions) {
	t.Helper()
	if err := client.CreatePersistentSubscription(t.Context(), stream, "g", options); err != nil {
		t.Fatal(err)
	}
}

// eager are settings by which every finished event is worth a checkpoint.
func eager() *esdb.PersistentSubscriptionSettings {
	settings := esdb.SubscriptionSettingsDefault()
	settings.CheckpointLowerBound, settings.CheckpointUpperBound = 1, 1
	return &settings
}

// consume becomes a consumer of the group g with a number of slots. With one slot, an event that comes tells that the
// answer to the one before has been taken.
func consume(t testing.TB, client *esdb.Client, stream string, slots uint32) *esdb.PersistentSubscription {
	t.Helper()
	var subscription *esdb.PersistentSubscription
	var err error
	options := esdb.SubscribeToPersistentSubscriptionOptions{BufferSize: slots}
	if stream == "$all" {
		subscription, err = client.SubscribeToPersistentSubscriptionToAll(t.Context(), "g", options)
	} else {
		subscription, err = client.SubscribeToPersistentSubscription(t.Context(), stream, "g", options)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = subscription.Close() })
	return subscription
}

func receive(t testing.TB, subscription *esdb.PersistentSubscription) *esdb.EventAppeared {
	t.Helper()
	message := subscription.Recv()
	if message.EventAppeared == nil {
		t.Fatalf("dropped: %v", message.SubscriptionDropped.Error)
	}
	return message.EventAppeared
}

// expectEvents receives and acknowledges events, each given as "revision@stream/retries".
func expectEvents(t testing.TB, subscription *esdb.PersistentSubscription, want ...string) {
	t.Helper()
	for _, want := range want {
		got := receive(t, subscription)
		event := got.Event.Event
		if text := fmt.Sprintf("%d@%s/%d", event.EventNumber, event.StreamID, got.RetryCount); text != want {
			t.Errorf("got %s, want %s", text, want)
		}
		if err := subscription.Ack(got.Event); err != nil {
			t.Fatal(err)
		}
	}
}

// expectDrop expects a subscription to end with a code.
func expectDrop(t testing.TB, subscription *esdb.PersistentSubscription, code codes.Code) {
	t.Helper()
	message := subscription.Recv()
	if message.SubscriptionDropped == nil {
		t.Fatalf("got event %v, want a drop", message.EventAppeared)
	}
	if got := status.Code(message.SubscriptionDropped.Error); got != code {
		t.Errorf("dropped by %v, want %s", message.SubscriptionDropped.Error, code)
	}
}

func expectCode(t testing.TB, what string, err error, code esdb.ErrorCode) {
	t.Helper()
	var fault *esdb.Error
	if !errors.As(err, &fault) || fault.Code() != code {
		t.Errorf("%s: %v, want code %v", what, err, code)
	}
}

// appendEvents appends n events to a stream.
func appendEvents(t testing.TB, n *node.Node, stream string, count int) {
	t.Helper()
	if _, err := n.Append(t.Context(), stream, store.Any, storeEvents(count, 10)); err != nil {
		t.Fatal(err)
	}
}
