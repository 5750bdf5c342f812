package logcopy

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// ahead is how many events a reader fetches before they are asked for.
const ahead = 512

// Reader hands out the events of a log in their order, over however many connections it takes. It is for one goroutine.
type Reader struct {
	items  chan item
	cancel context.CancelFunc
	next   *item // looked at, not taken
}

type item struct {
	event *Event
	err   error
}

// Read starts to read the log from its beginning. With follow it goes on with what is written later, and ends only
// with ctx; else it ends where the log ends. Close it.
func (l *Log) Read(ctx context.Context, follow bool) *Reader {
	ctx, cancel := context.WithCancel(ctx)
	r := &Reader{items: make(chan item, ahead), cancel: cancel}
	go func() {
		defer close(r.items)
		give := func(one item) bool {
			select {
			case r.items <- one:
				return true
			case <-ctx.Done():
				return false
			}
		}
		give(item{err: l.read(ctx, follow, give)})
	}()
	return r
}

// errLive stands where a log that is followed ended when it was read: what comes after it is news.
var errLive = errors.New("the end of the log, for now")

// Next is the next event that belongs to the log; io.EOF at the end, ctx's error if that ended. A reader that follows
// says once that it has come to the end, by errLive.
func (r *Reader) Next() (*Event, error) {
	event, err := r.Peek()
	if err == nil || errors.Is(err, errLive) {
		r.next = nil
	}
	return event, err
}

// Peek is Next without taking the event.
func (r *Reader) Peek() (*Event, error) {
	if r.next == nil {
		got, ok := <-r.items
		if !ok {
			got = item{err: context.Canceled}
		}
		r.next = &got
	}
	return r.next.event, r.next.err
}

// Idle reports whether the next event would have to be waited for.
func (r *Reader) Idle() bool { return r.next == nil && len(r.items) == 0 }

// Close ends it.
func (r *Reader) Close() { r.cancel() }

// read gives every event that belongs to the log, until give refuses one.
func (l *Log) read(ctx context.Context, follow bool, give func(item) bool) error {
	var after esdb.Position
	live := false
	again := l.again(ctx, "read the log")
	take := func(event *Event) bool {
		if event.Position == after && after != (esdb.Position{}) {
			return true // a read begins with the event it continues from
		}
		after = event.Position
		again.succeeded()
		return !Belongs(event) || give(item{event: event})
	}
	for {
		err := l.readOnce(ctx, after, take)
		if err == nil && follow {
			if !live {
				live = give(item{err: errLive})
			}
			err = l.followOnce(ctx, after, take)
		}
		if err == nil {
			return io.EOF
		}
		if err := again.after(err); err != nil {
			return err
		}
	}
}

// readOnce reads from a position to the end of the log.
func (l *Log) readOnce(ctx context.Context, from esdb.Position, take func(*Event) bool) error {
	client, err := l.use()
	if err != nil {
		return err
	}
	options := esdb.ReadAllOptions{Direction: esdb.Forwards, From: esdb.Start{}}
	if from != (esdb.Position{}) {
		options.From = from
	}
	read, err := client.ReadAll(ctx, options, math.MaxUint64)
	if err != nil {
		l.drop(client, err)
		return err
	}
	defer read.Close()
	for {
		resolved, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return ctx.Err()
		}
		if err != nil {
			l.drop(client, err)
			return err
		}
		if !take(resolved.OriginalEvent()) {
			return ctx.Err()
		}
	}
}

// followOnce hands out what is written after a position, until the subscription drops.
func (l *Log) followOnce(ctx context.Context, after esdb.Position, take func(*Event) bool) error {
	client, err := l.use()
	if err != nil {
		return err
	}
	options := esdb.SubscribeToAllOptions{From: esdb.Start{}}
	if after != (esdb.Position{}) {
		options.From = after
	}
	subscription, err := client.SubscribeToAll(ctx, options)
	if err != nil {
		l.drop(client, err)
		return err
	}
	defer subscription.Close() //nolint:errcheck // always nil
	for {
		switch received := subscription.Recv(); {
		case received.EventAppeared != nil:
			if !take(received.EventAppeared.OriginalEvent()) {
				return ctx.Err()
			}
		case received.SubscriptionDropped != nil:
			err := received.SubscriptionDropped.Error
			l.drop(client, err)
			return errors.Join(errDropped, err)
		}
	}
}

var errDropped = errors.New("the subscription was dropped")
