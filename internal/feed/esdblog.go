package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/eventstore"
)

// peek is how many events from an end of the log are looked at for one that is not a system event. A real server
// writes statistics of its own between ours; twice its default search window, so that a subscription's checkpoint
// has passed them when there are more.
const peek = 64

// EventStore is the Log of an EventStoreDB.
type EventStore struct {
	connect func() (*esdb.Client, error)

	mu     sync.Mutex
	client *esdb.Client
}

var _ Log = (*EventStore)(nil)

// NewEventStore reads the store that connect makes clients of. A client whose connection is closed for good is closed
// and connect is asked for another.
func NewEventStore(connect func() (*esdb.Client, error)) *EventStore {
	return &EventStore{connect: connect}
}

// Close closes the client. A later call makes a new one.
func (e *EventStore) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client == nil {
		return nil
	}
	client := e.client
	e.client = nil
	return client.Close()
}

func (e *EventStore) use() (*esdb.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client == nil {
		client, err := e.connect()
		if err != nil {
			return nil, err
		}
		e.client = client
	}
	return e.client, nil
}

// judge gives up a client that said it is closed, and passes the error on.
func (e *EventStore) judge(client *esdb.Client, err error) error {
	var fault *esdb.Error
	if errors.As(err, &fault) && fault.IsErrorCode(esdb.ErrorCodeConnectionClosed) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.client == client {
			e.client = nil
			_ = client.Close() // always nil
		}
	}
	return err
}

// Open subscribes to the whole log without system events, or to a stream.
func (e *EventStore) Open(ctx context.Context, topic string, after eventstore.Position) (Stream, error) {
	client, err := e.use()
	if err != nil {
		return nil, err
	}
	var subscription *esdb.Subscription
	if topic == All {
		subscription, err = client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{
			From:   esdb.Position{Commit: after.Commit, Prepare: after.Prepare},
			Filter: esdb.ExcludeSystemEventsFilter(),
		})
	} else {
		var from esdb.StreamPosition = esdb.Start{}
		if !after.IsZero() {
			from = esdb.Revision(after.Commit - 1)
		}
		subscription, err = client.SubscribeToStream(ctx, topic, esdb.SubscribeToStreamOptions{From: from})
	}
	if err != nil {
		return nil, e.judge(client, err)
	}
	return &esdbStream{store: e, client: client, subscription: subscription, all: topic == All}, nil
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
	client, err := e.use()
	if err != nil {
		return nil, err
	}
	stream, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: direction, From: from}, peek)
	if err != nil {
		return nil, e.judge(client, err)
	}
	defer stream.Close()
	for {
		resolved, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, e.judge(client, err)
		}
		if event := resolved.OriginalEvent(); wanted(event) {
			return event, nil
		}
	}
}

func isSystem(event *esdb.RecordedEvent) bool { return strings.HasPrefix(event.EventType, "$") }

// esdbStream is a subscription.
type esdbStream struct {
	store        *EventStore
	client       *esdb.Client
	subscription *esdb.Subscription
	all          bool
}

// Recv leaves out what is neither an event nor a position.
func (s *esdbStream) Recv() (Item, error) {
	for {
		switch received := s.subscription.Recv(); {
		case received.EventAppeared != nil:
			return s.item(received.EventAppeared.OriginalEvent()), nil
		case received.CheckPointReached != nil:
			return Item{At: eventstore.Position(*received.CheckPointReached)}, nil
		case received.SubscriptionDropped != nil:
			return Item{}, fmt.Errorf("dropped: %w", s.store.judge(s.client, received.SubscriptionDropped.Error))
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
func (s *esdbStream) Close() { _ = s.subscription.Close() }
