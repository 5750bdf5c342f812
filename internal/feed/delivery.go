package feed

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"am-user-management/internal/eventstore"
)

// delivery is one subscription to one topic; it runs in one goroutine.
type delivery struct {
	subscriber      *Subscriber
	topic           string
	out             chan<- *message.Message
	stopped         <-chan struct{}
	values          context.Context // the values of Subscribe's, for messages
	nacked, dropped pause
}

// run takes turns until ctx ends.
func (d *delivery) run(ctx context.Context) {
	for ctx.Err() == nil {
		turn, err := d.subscriber.turns.Acquire(ctx, d.topic)
		if err != nil {
			d.warn(ctx, "no turn", err)
			d.dropped.wait(d.stopped, nil)
			continue
		}
		d.follow(ctx, turn)
		turn.Release()
	}
}

// follow delivers during one turn, over as many subscriptions of the store as it takes.
func (d *delivery) follow(ctx context.Context, turn Turn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	defer func() { <-over }()
	defer cancel()
	go func() {
		defer close(over)
		select {
		case <-turn.Lost():
			cancel()
		case <-ctx.Done():
		}
	}()
	at := turn.Position()
	for ctx.Err() == nil {
		err := d.stream(ctx, turn, &at)
		if ctx.Err() != nil {
			return
		}
		d.warn(ctx, "subscription dropped", err)
		d.dropped.wait(ctx.Done(), nil)
	}
}

// stream delivers over one subscription of the store. It returns why that ended; at is then after the last batch that
// was acknowledged.
func (d *delivery) stream(ctx context.Context, turn Turn, at *eventstore.Position) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if check := d.subscriber.options.Check; check != nil {
		if err := check(ctx); err != nil {
			return err
		}
	}
	stream, err := d.subscriber.log.Open(ctx, d.topic, *at)
	if err != nil {
		return err
	}
	buffered := newBuffer(d.subscriber.options.MaxEvents, d.subscriber.options.MaxBytes)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		readAhead(ctx, stream, buffered, d.subscriber.options.Wants)
	}()
	defer func() {
		cancel()
		stream.Close()
		<-ended
	}()
	for {
		batch, some, err := buffered.take()
		switch {
		case some && len(batch.Events) == 0:
		case some:
			batch.turn = turn
			if !d.deliver(ctx, batch) {
				return ctx.Err()
			}
		case err != nil:
			return err
		default:
			select {
			case <-buffered.filled:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		*at = batch.Last
		turn.Passed(batch.Last)
		d.dropped.reset()
	}
}

func readAhead(ctx context.Context, stream Stream, into *buffer, wants func(eventType string) bool) {
	for {
		item, err := stream.Recv()
		if err != nil {
			into.end(err)
			return
		}
		if item.HasEvent && wants != nil && !wants(item.Event.Type) {
			item = Item{At: item.At}
		}
		if !into.put(ctx.Done(), item) {
			return
		}
	}
}

// deliver sends a batch until it is acknowledged; false if the turn, or the subscription, ended before that.
func (d *delivery) deliver(ctx context.Context, batch Batch) bool {
	for ctx.Err() == nil {
		// The message outlives ctx by Grace, so that what is being handled can be finished.
		handling, cancel := context.WithCancel(d.values)
		msg := newMessage(handling, batch, d.subscriber.options.MaxEvents == 1)
		select {
		case d.out <- msg:
		case <-ctx.Done():
			cancel()
			return false
		}
		acked := d.await(ctx, msg, cancel)
		cancel()
		if acked {
			d.nacked.reset()
			return true
		}
		d.nacked.wait(ctx.Done(), nil)
	}
	return false
}

// await returns whether the message was acknowledged. A message whose turn was lost is cancelled at once, but still
// awaited: its handler and that of the next turn must not run side by side.
func (d *delivery) await(ctx context.Context, msg *message.Message, cancel context.CancelFunc) bool {
	select {
	case <-msg.Acked():
		return true
	case <-msg.Nacked():
		return false
	case <-ctx.Done():
	}
	select {
	case <-d.stopped:
	default:
		cancel()
		select {
		case <-msg.Acked():
			return true
		case <-msg.Nacked():
			return false
		case <-d.stopped:
		}
	}
	grace := time.NewTimer(d.subscriber.options.Grace)
	defer grace.Stop()
	select {
	case <-msg.Acked():
		return true
	case <-msg.Nacked():
	case <-grace.C:
	}
	return false
}

func (d *delivery) warn(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		d.subscriber.options.Logger.WarnContext(ctx, what, "topic", d.topic, "error", err)
	}
}
