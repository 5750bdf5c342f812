package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/steady"
)

// peek is how many events from an end of the log are looked at for one that is not a system event. A real server
// writes statistics of its own between ours; twice its default search window, so that a subscription's checkpoint
// has passed them when there are more.
const peek = 64

// askTime bounds how long a store is waited for when a topic is opened or the log's ends are looked at. Whoever asks in
// vain asks again; the search for a node goes on meanwhile.
const askTime = 10 * time.Second

// EventStore is the Log of an EventStoreDB.
type EventStore struct{ client *steady.Client }

var _ Log = (*EventStore)(nil)

// NewEventStore reads the store that connect makes clients of: one at first use, and another one whenever a client died.
func NewEventStore(connect func() (*esdb.Client, error)) *EventStore {
	return &EventStore{client: steady.New(connect)}
}

// Close closes the client. A later call makes a new one.
func (e *EventStore) Close() error { return e.client.Close() }

// Open subscribes to the whole log without system events, or to a stream.
func (e *EventStore) Open(ctx context.Context, topic string, after eventstore.Position) (Stream, error) {
	life, end := context.WithCancel(ctx) // ends a subscription that nobody waits for any more, too
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	subscription, err := steady.Do(ctx, e.client, func(_ context.Context, client *esdb.Client) (*esdb.Subscription, error) {
		return subscribe(life, client, topic, after)
	})
	if err != nil {
		end()
		return nil, err
	}
	return &esdbStream{subscription: subscription, end: end, all: topic == All}, nil
}

func subscribe(ctx context.Context, client *esdb.Client, topic string, after eventstore.Position) (*esdb.Subscription, error) {
	if topic == All {
		return client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{
			From:   esdb.Position{Commit: after.Commit, Prepare: after.Prepare},
			Filter: esdb.ExcludeSystemEventsFilter(),
		})
	}
	var from esdb.StreamPosition = esdb.Start{}
	if !after.IsZero() {
		from = esdb.Revision(after.Commit - 1)
	}
	return client.SubscribeToStream(ctx, topic, esdb.SubscribeToStreamOptions{From: from})
}

// Head reads the log backwards.
func (e *EventStore) Head(ctx context.Context) (eventstore.Position, error) {
	var head eventstore.Position
	_, err := e.first(ctx, esdb.Backwards, esdb.End{}, func(event *esdb.RecordedEvent) bool {
		head = eventstore.Position(event.Position)
		return !isSystem(event)
	})
	if err != nil {
		return eventstore.Position{}, err
	}
	return head, nil
}

// End reads the log backwards.
func (e *EventStore) End(ctx context.Context) (eventstore.Position, error) {
	last, err := e.first(ctx, esdb.Backwards, esdb.End{}, func(*esdb.RecordedEvent) bool { return true })
	if err != nil || last == nil {
		return eventstore.Position{}, err
	}
	return eventstore.Position(last.Position), nil
}

// EventAt reads the log forwards.
func (e *EventStore) EventAt(ctx context.Context, at eventstore.Position) (uuid.UUID, bool, error) {
	from := esdb.Position{Commit: at.Commit, Prepare: at.Prepare}
	event, err := e.first(ctx, esdb.Forwards, from, func(*esdb.RecordedEvent) bool { return true })
	if err != nil || event == nil || eventstore.Position(event.Position) != at {
		return uuid.Nil, false, err
	}
	return event.EventID, true, nil
}

// Next reads the log forwards.
func (e *EventStore) Next(ctx context.Context, after eventstore.Position) (time.Time, bool, error) {
	from := esdb.Position{Commit: after.Commit, Prepare: after.Prepare}
	event, err := e.first(ctx, esdb.Forwards, from, func(event *esdb.RecordedEvent) bool {
		return after.Less(eventstore.Position(event.Position)) && !isSystem(event)
	})
	if err != nil || event == nil {
		return time.Time{}, false, err
	}
	return event.CreatedDate, true, nil
}

// first is the first event wanted among a few; nil if there is none.
func (e *EventStore) first(ctx context.Context, direction esdb.Direction, from esdb.AllPosition,
	wanted func(*esdb.RecordedEvent) bool,
) (*esdb.RecordedEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return steady.Do(ctx, e.client, func(ctx context.Context, client *esdb.Client) (*esdb.RecordedEvent, error) {
		stream, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: direction, From: from}, peek)
		if err != nil {
			return nil, err
		}
		defer stream.Close()
		for {
			resolved, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil, ctx.Err() // a read that was cut short may end like one that is complete
			}
			if err != nil {
				return nil, err
			}
			if event := resolved.OriginalEvent(); wanted(event) {
				return event, nil
			}
		}
	})
}

func isSystem(event *esdb.RecordedEvent) bool { return strings.HasPrefix(event.EventType, "$") }

// esdbStream is a subscription.
type esdbStream struct {
	subscription *esdb.Subscription
	end          context.CancelFunc
	all          bool
}

// Recv leaves out what is neither an event nor a position. A panic of the client, which it knows to do when it is
// closed in a bad moment, ends the stream.
func (s *esdbStream) Recv() (item Item, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the event store client panicked: %v", reason)
		}
	}()
	for {
		switch received := s.subscription.Recv(); {
		case received.EventAppeared != nil:
			return s.item(received.EventAppeared.OriginalEvent()), nil
		case received.CheckPointReached != nil:
			return Item{At: eventstore.Position(*received.CheckPointReached)}, nil
		case received.SubscriptionDropped != nil:
			return Item{}, fmt.Errorf("dropped: %w", received.SubscriptionDropped.Error)
		}
	}
}

func (s *esdbStream) item(event *esdb.RecordedEvent) Item {
	item := Item{
		At:       eventstore.Position(event.Position),
		HasEvent: true,
		Event: eventstore.Recorded{
			ID: event.EventID, Stream: event.StreamID, Revision: event.EventNumber,
			Position: eventstore.Position(event.Position), Type: event.EventType,
			Data: event.Data, Metadata: event.UserMetadata, Created: event.CreatedDate,
		},
	}
	if !s.all {
		passed := event.EventNumber + 1
		item.At = eventstore.Position{Commit: passed, Prepare: passed}
	}
	return item
}

// Close ends the subscription.
func (s *esdbStream) Close() {
	_ = s.subscription.Close() // always nil
	s.end()
}
