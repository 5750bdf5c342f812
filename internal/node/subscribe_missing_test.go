package node_test

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"am-user-management/internal/node/nodetest"
)

// subscribeStream is a subscription to a whole stream.
func subscribeStream(name string) *streams.ReadReq_Options { return subscribed(readStream(name)) }

// subscribeEnd is a subscription to what is yet to come to a stream.
func subscribeEnd(name string) *streams.ReadReq_Options {
	options := subscribeStream(name)
	options.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}}
	return options
}

// TestSubscribersOfAStreamThatIsMissing have caught up when they have seen it come.
func TestSubscribersOfAStreamThatIsMissing(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	missing := read(t, n, subscribeStream("missing"))
	missing.hears("confirmed")
	appendEvents(t, n.Node(), "missing", 2)
	missing.hears("0@missing", "1@missing", "caught up")
	appendEvents(t, n.Node(), "missing", 1)
	missing.hears("2@missing")

	appendEvents(t, n.Node(), "deleted", 2)
	remove(t, n, "deleted", false)
	deleted := read(t, n, subscribeStream("deleted"))
	deleted.hears("confirmed")
	appendEvents(t, n.Node(), "deleted", 1)
	deleted.hears("2@deleted", "caught up")

	never := read(t, n, subscribeStream("never"))
	never.hears("confirmed")
	remove(t, n, "never", true)
	never.hears("FailedPrecondition")
}

// TestSubscribersToTheEnd have caught up whether there is a stream or not.
func TestSubscribersToTheEnd(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "deleted", 2)
	remove(t, n, "deleted", false)
	for name, next := range map[string]string{"missing": "0@missing", "deleted": "2@deleted"} {
		subscription := read(t, n, subscribeEnd(name))
		subscription.hears("confirmed", "caught up")
		appendEvents(t, n.Node(), name, 1)
		subscription.hears(next)
		remove(t, n, name, true)
		subscription.hears("9223372036854775807@"+name, "FailedPrecondition")
	}
	remove(t, n, "gone", true)
	gone := read(t, n, subscribeEnd("gone"))
	gone.hears("confirmed", "caught up")
	n.Stop()
	gone.hears("Unavailable")
}

// remove deletes a stream at any revision, for good or not.
func remove(t testing.TB, n *nodetest.Node, stream string, forGood bool) {
	t.Helper()
	client := streams.NewStreamsClient(dial(t, n.Address))
	var err error
	if forGood {
		_, err = client.Tombstone(t.Context(), &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
			StreamIdentifier:       named(stream),
			ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
		}})
	} else {
		_, err = client.Delete(t.Context(), &streams.DeleteReq{Options: &streams.DeleteReq_Options{
			StreamIdentifier:       named(stream),
			ExpectedStreamRevision: &streams.DeleteReq_Options_Any{Any: &shared.Empty{}},
		}})
	}
	if err != nil {
		t.Fatal(err)
	}
}
