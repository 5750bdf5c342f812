package node_test

import (
	"errors"
	"io"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/node/nodetest"
)

// TestClient goes the way of the service: append, read and follow through the client's own API.
func TestClient(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client, err := esdb.NewClient(&esdb.Configuration{
		Address: n.Address, DisableTLS: true, MaxDiscoverAttempts: 3, GossipTimeout: 5,
		KeepAliveInterval: -1, KeepAliveTimeout: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	event := esdb.EventData{
		EventID: uuid.New(), EventType: "account.user_created.v1", ContentType: esdb.ContentTypeJson, Data: []byte(`{"n":1}`),
	}
	options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
	written, err := client.AppendToStream(t.Context(), "account-1", options, event)
	if err != nil {
		t.Fatal(err)
	}
	event.EventID = uuid.New()
	var fault *esdb.Error
	_, err = client.AppendToStream(t.Context(), "account-1", options, event)
	if !errors.As(err, &fault) || fault.Code() != esdb.ErrorCodeWrongExpectedVersion {
		t.Errorf("a second NoStream append answered %v", err)
	}
	read, err := client.ReadStream(t.Context(), "account-1", esdb.ReadStreamOptions{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	got, err := read.Recv()
	if err != nil || got.Event.Position.Commit != written.CommitPosition || string(got.Event.Data) != `{"n":1}` {
		t.Errorf("read %+v (%v)", got, err)
	}
	if _, err := read.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("end of the stream: %v", err)
	}
	subscription, err := client.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{
		From: esdb.Start{}, Filter: esdb.ExcludeSystemEventsFilter(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = subscription.Close() }()
	for {
		message := subscription.Recv()
		if message.SubscriptionDropped != nil {
			t.Fatal(message.SubscriptionDropped.Error)
		}
		if message.EventAppeared != nil {
			if message.EventAppeared.Event.StreamID != "account-1" {
				t.Errorf("first event is of %s", message.EventAppeared.Event.StreamID)
			}
			return
		}
	}
}
