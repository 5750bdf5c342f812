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
		answer, err := s.call.Recv()
		if err != nil {
			if s.dropped.Load() {
				return drop(errSubscriptionClosed)
			}
			s.client.observe(s.conn, s.call.Trailer(), err)
			return s.lost(err)
		}
		switch content := answer.GetContent().(type) {
		case *streams.ReadResp_Event:
			event, err := resolved(content.Event)
			if err != nil {
				return s.lost(err)
			}
			return &SubscriptionEvent{EventAppeared: event}
		case *streams.ReadResp_Checkpoint_:
			return &SubscriptionEvent{CheckPointReached: &Position{
				Commit:  content.Checkpoint.GetCommitPosition(),
				Prepare: content.Checkpoint.GetPreparePosition(),
			}}
		case *streams.ReadResp_CaughtUp_:
			return &SubscriptionEvent{CaughtUp: s}
		case *streams.ReadResp_FellBehind_:
			return &SubscriptionEvent{FellBehind: s}
		default:
			s.client.config.logf(LogWarn, "subscription %s: skipped a message of type %T", s.id, content)
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
