package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// The limits of a batch unless SubscriberOptions says otherwise.
const (
	DefaultMaxEvents = 500
	DefaultMaxBytes  = 1 << 20
)

// ErrClosed is returned by Subscribe after Close.
var ErrClosed = errors.New("the subscriber is closed")

// SubscriberOptions tunes a Subscriber. The zero value is what a projection wants.
type SubscriberOptions struct {
	// MaxEvents and MaxBytes bound a batch, and what is read ahead of it: memory is bounded by twice as much. One
	// event that is larger is a batch of its own. With MaxEvents 1 a message also has its event's data as payload.
	MaxEvents, MaxBytes int
	// Wants reports whether events of a type are delivered at all; nil wants every event. The others only move the
	// position: a message for each of them, in each of ten projections, would cost more than all that is done with the
	// one that matters.
	Wants func(eventType string) bool
	// Check is asked before each subscription of the store. While it fails nothing is delivered, and it is asked again;
	// nil for no check.
	Check func(ctx context.Context) error
	// Nacked is the back-off between deliveries of a batch, Dropped that between attempts to reach the store.
	Nacked, Dropped Backoff
	// Grace is how long Close waits for the message that is being handled before it cancels its context.
	Grace time.Duration
	// Logger is told about dropped subscriptions; nil for nobody.
	Logger *slog.Logger
}

func (o SubscriberOptions) withDefaults() SubscriberOptions {
	if o.MaxEvents <= 0 {
		o.MaxEvents = DefaultMaxEvents
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Nacked == (Backoff{}) {
		o.Nacked = Backoff{First: 10 * time.Millisecond, Most: 5 * time.Second}
	}
	if o.Dropped == (Backoff{}) {
		o.Dropped = Backoff{First: 20 * time.Millisecond, Most: 2 * time.Second}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Subscriber delivers a log to watermill in batches: one message is whatever is there, contiguous and in order. The
// next message comes only after the last was acknowledged; a refused one comes again. The position in the log is a
// Turn's; a subscription that drops resumes after the last acknowledged batch.
type Subscriber struct {
	log     Log
	turns   Turns
	options SubscriberOptions

	closing context.Context
	stop    context.CancelFunc
	mu      sync.Mutex // orders Subscribe and Close
	running sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber subscribes to a log as the consumer group that turns stands for.
func NewSubscriber(log Log, turns Turns, options SubscriberOptions) *Subscriber {
	closing, stop := context.WithCancel(context.Background())
	return &Subscriber{log: log, turns: turns, options: options.withDefaults(), closing: closing, stop: stop}
}

// Subscribe delivers a topic until ctx ends or Close is called; then the channel is closed, after the message that is
// being handled is finished or its Grace is over. It returns at once: while the store does not answer or it is not
// the subscriber's turn, nothing comes. The only error is ErrClosed.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return nil, ErrClosed
	}
	out := make(chan *message.Message)
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(s.closing, cancel)
	s.running.Go(func() {
		defer cancel()
		defer unlink()
		defer close(out)
		d := delivery{subscriber: s, topic: topic, out: out, stopped: ctx.Done(), values: context.WithoutCancel(ctx)}
		d.nacked.Backoff, d.dropped.Backoff = s.options.Nacked, s.options.Dropped
		d.run(ctx)
	})
	return out, nil
}

// Close ends all subscriptions and waits for them. It returns nil.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.running.Wait()
	return nil
}
