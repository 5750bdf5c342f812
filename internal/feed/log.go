package feed

import (
	"context"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/eventstore"
)

// All is the topic of the whole log, the store's system events excluded.
const All = "$all"

// Log is the event store as a feed reads it.
type Log interface {
	// Open follows a topic, without end, after a position of that topic. The zero position is before its first
	// event. Positions of All are the log's own; any other topic is the stream of that name, and its positions count
	// the events passed. The stream ends with ctx.
	Open(ctx context.Context, topic string, after eventstore.Position) (Stream, error)
	// Head is the position of the last event that is not a system event, zero in an empty log.
	Head(ctx context.Context) (eventstore.Position, error)
	// End is the position of the very last event, system events included, zero in an empty log.
	End(ctx context.Context) (eventstore.Position, error)
	// EventAt is the id of the event, system events included, that has a position; false if none has.
	EventAt(ctx context.Context, at eventstore.Position) (uuid.UUID, bool, error)
	// Next is when the first event after a position was written that is not a system event; false if there is none.
	Next(ctx context.Context, after eventstore.Position) (time.Time, bool, error)
}

// Stream delivers a topic in order.
type Stream interface {
	// Recv waits for the next item. An error is final: whoever wants more opens the topic again.
	Recv() (Item, error)
	// Close ends the stream, and a Recv that waits.
	Close()
}

// Item is an event, or the news that there is none up to a position.
type Item struct {
	// At is the position in the topic to go on after.
	At eventstore.Position
	// Event is the event at that position, if HasEvent. Its bytes are shared with other streams: nobody changes them.
	Event    eventstore.Recorded
	HasEvent bool
}

// size is what an item counts against the limit of bytes.
func (i *Item) size() int { return len(i.Event.Data) + len(i.Event.Metadata) }
