package feed

import (
	"context"
	"errors"
	"time"

	"am-user-management/internal/eventstore"
)

// examined is how many events one reading of changes looks at, wanted or not: a rare type in a long log must not keep
// its reader waiting.
const examined = 10_000

// openLog is what of a Log can be followed.
type openLog interface {
	Open(ctx context.Context, topic string, after eventstore.Position) (Stream, error)
	Head(ctx context.Context) (eventstore.Position, error)
}

// Changes reads the log a piece at a time, for readers who keep their place themselves. It is safe for concurrent use.
type Changes struct {
	log     openLog
	decoder Decoder
}

// NewChanges reads a log, such as a Log, whose events the decoder knows.
func NewChanges(log openLog, decoder Decoder) *Changes { return &Changes{log: log, decoder: decoder} }

// Read returns at most limit wanted events that follow a position, in the order of the log, and the position to go on
// after: it may be further than the last event, and there may be more even if there are no events. Where there is
// nothing yet it waits for the first event for so long. The errors are those of the log and of the decoder.
func (c *Changes) Read(ctx context.Context, after eventstore.Position, wanted func(eventType string) bool, limit int, wait time.Duration,
) ([]eventstore.Envelope, eventstore.Position, error) {
	head, err := c.log.Head(ctx)
	if err != nil {
		return nil, after, err
	}
	if !after.Less(head) && wait <= 0 {
		return nil, after, nil
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.log.Open(waiting, All, after)
	if err != nil {
		return nil, after, err
	}
	defer stream.Close()
	over := time.AfterFunc(max(wait, 0), func() {
		if wait > 0 {
			cancel()
		}
	})
	defer over.Stop()

	var found []eventstore.Recorded
	next := after
	for seen := 0; seen < examined && len(found) < limit; seen++ {
		if !next.Less(head) && (len(found) > 0 || wait <= 0) {
			break
		}
		item, err := stream.Recv()
		if err != nil {
			if waiting.Err() != nil && ctx.Err() == nil {
				break // the wait is over
			}
			return nil, after, errors.Join(err, ctx.Err())
		}
		next = item.At
		if item.HasEvent && wanted(item.Event.Type) {
			found = append(found, item.Event)
		}
	}
	events, err := c.decoder.Decode(ctx, found)
	if err != nil {
		return nil, after, err
	}
	return events, next, nil
}
