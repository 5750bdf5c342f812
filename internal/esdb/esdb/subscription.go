package esdb

import (
	"context"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// Subscription hands out events as they are written. A dropped one does not
// come back: subscribe again from the last event or checkpoint handled. Only
// one goroutine may call Recv; Close may be called at any time.
type Subscription struct {
	client  *Client
	conn    *connection
	call    streams.Streams_ReadClient
	answer  readAnswer
	cancel  context.CancelFunc
	id      string
	dropped atomic.Bool
}

// SubscriptionEvent is one thing that happened; exactly one field is set.
type SubscriptionEvent struct {
	// EventAppeared is an event.
	EventAppeared *ResolvedEvent
	// SubscriptionDropped: nothing will come any more.
	SubscriptionDropped *SubscriptionDropped
	// CheckPointReached: everything up to this position was examined.
	CheckPointReached *Position
	// CaughtUp: events that follow are live.
	CaughtUp *Subscription
	// FellBehind: events that follow are history again.
	FellBehind *Subscription
}

// SubscriptionDropped says why a subscription ended: gRPC's own error if the
// server or the caller's context ended it, a plain one after Close.
type SubscriptionDropped struct {
	Error error
}

// Id is the server's name for the subscription.
//
//nolint:revive // the official client's spelling
func (s *Subscription) Id() string { return s.id }

// Recv waits for the next thing to happen. It never returns nil. After the end
// every call returns SubscriptionDropped.
func (s *Subscription) Recv() *SubscriptionEvent {
	for {
		if s.dropped.Load() {
			return drop(errSubscriptionClosed)
		}
		if err := s.call.RecvMsg(&s.answer); err != nil {
			if s.dropped.Load() {
				return drop(errSubscriptionClosed)
			}
			s.client.observe(s.conn, s.call.Trailer(), err)
			return s.lost(err)
		}
		if s.answer.err != nil {
			return s.lost(s.answer.err)
		}
		switch s.answer.kind {
		case readRespEvent:
			return &SubscriptionEvent{EventAppeared: s.answer.event}
		case readRespCheckpoint:
			checkpoint := s.answer.checkpoint
			return &SubscriptionEvent{CheckPointReached: &checkpoint}
		case readRespCaughtUp:
			return &SubscriptionEvent{CaughtUp: s}
		case readRespFellBehind:
			return &SubscriptionEvent{FellBehind: s}
		default:
			s.client.config.logf(LogWarn, "subscription %s: skipped a message with tag %d", s.id, s.answer.kind)
		}
	}
}

// lost ends the subscription because of err.
func (s *Subscription) lost(err error) *SubscriptionEvent {
	_ = s.Close()
	return drop(err)
}

// Close ends the subscription. The error is always nil.
func (s *Subscription) Close() error {
	s.dropped.Store(true)
	s.cancel()
	return nil
}

func drop(err error) *SubscriptionEvent {
	return &SubscriptionEvent{SubscriptionDropped: &SubscriptionDropped{Error: err}}
}
