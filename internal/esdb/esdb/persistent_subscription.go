package esdb

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

const defaultBufferSize = 10

// NackAction says what becomes of an event that a consumer could not handle.
type NackAction int32

// The ways out.
const (
	// NackActionUnknown leaves it to the server.
	NackActionUnknown NackAction = iota
	// NackActionPark puts the event aside.
	NackActionPark
	// NackActionRetry tries it again.
	NackActionRetry
	// NackActionSkip counts it as done.
	NackActionSkip
	// NackActionStop ends the subscription.
	NackActionStop
)

// SubscribeToPersistentSubscriptionOptions are the choices of a consumer.
type SubscribeToPersistentSubscriptionOptions struct {
	// BufferSize is how many unanswered events the consumer takes; 0: 10.
	BufferSize uint32
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the whole subscription; nil: no bound.
	Deadline *time.Duration
}

// PersistentSubscription is one consumer of a group. Only one goroutine may
// call Recv; Ack, Nack and Close may be called by any.
type PersistentSubscription struct {
	client  *Client
	conn    *connection
	call    persistent.PersistentSubscriptions_ReadClient
	ctx     context.Context //nolint:containedctx // a subscription is a call that goes on
	cancel  context.CancelFunc
	answer  persistentAnswer
	id      string
	dropped atomic.Bool
	sending sync.Mutex
}

// PersistentSubscriptionEvent is one thing that happened; exactly one field is set.
type PersistentSubscriptionEvent struct {
	// EventAppeared is an event to be answered by Ack or Nack.
	EventAppeared *EventAppeared
	// SubscriptionDropped: nothing will come any more.
	SubscriptionDropped *SubscriptionDropped
	// CheckPointReached is never set.
	CheckPointReached *Position
}

// EventAppeared is an event, and how often it was tried before.
type EventAppeared struct {
	Event      *ResolvedEvent
	RetryCount int
}

// SubscribeToPersistentSubscription becomes a consumer of a group. It returns
// when the server has confirmed. Errors have the codes ResourceNotFound,
// AccessDenied, Unknown (too many consumers) and those of any call.
func (c *Client) SubscribeToPersistentSubscription(
	ctx context.Context, streamName, groupName string, options SubscribeToPersistentSubscriptionOptions,
) (*PersistentSubscription, error) {
	return c.consume(ctx, options, false, &persistent.ReadReq_Options{
		GroupName:    groupName,
		StreamOption: &persistent.ReadReq_Options_StreamIdentifier{StreamIdentifier: wireStream(streamName)},
	})
}

// SubscribeToPersistentSubscriptionToAll is SubscribeToPersistentSubscription
// for a group on all streams. It gives UnsupportedFeature if the server has none.
func (c *Client) SubscribeToPersistentSubscriptionToAll(
	ctx context.Context, groupName string, options SubscribeToPersistentSubscriptionOptions,
) (*PersistentSubscription, error) {
	return c.consume(ctx, options, true, &persistent.ReadReq_Options{
		GroupName: groupName, StreamOption: &persistent.ReadReq_Options_All{All: empty()},
	})
}

func (c *Client) consume(
	ctx context.Context, opts SubscribeToPersistentSubscriptionOptions, all bool, options *persistent.ReadReq_Options,
) (*PersistentSubscription, error) {
	options.BufferSize = defaultBufferSize
	if opts.BufferSize != 0 {
		options.BufferSize = int32(opts.BufferSize)
	}
	options.UuidOption = &persistent.ReadReq_Options_UUIDOption{
		Content: &persistent.ReadReq_Options_UUIDOption_Structured{Structured: empty()},
	}
	ctx, cancel := unbounded(ctx, opts.Deadline)
	subscription, err := c.openConsumer(ctx, opts.Authenticated, all, options)
	if err != nil {
		cancel()
		return nil, err
	}
	subscription.cancel = cancel
	return subscription, nil
}

func (c *Client) openConsumer(
	ctx context.Context, override *Credentials, all bool, options *persistent.ReadReq_Options,
) (*PersistentSubscription, error) {
	conn, err := c.connector.connection()
	if err != nil {
		return nil, err
	}
	if err := conn.server.check("", all); err != nil {
		return nil, err
	}
	ctx = c.addressed(ctx, override)
	call, err := persistent.NewPersistentSubscriptionsClient(conn.grpc).Read(ctx)
	if err != nil {
		return nil, c.fault(ctx, conn, nil, err)
	}
	subscription := &PersistentSubscription{client: c, conn: conn, call: call, ctx: ctx}
	// A refusal that meets the request halfway shows when the answer is awaited.
	_ = call.Send(&persistent.ReadReq{Content: &persistent.ReadReq_Options_{Options: options}})
	answer := &subscription.answer
	if err := call.RecvMsg(answer); err != nil {
		return nil, c.fault(ctx, conn, call.Trailer(), err)
	}
	if answer.err != nil || answer.kind != persistentConfirmation {
		return nil, failure(ErrorCodeInternalServer, "the server sent tag %d before a confirmation", answer.kind)
	}
	subscription.id = answer.subscription
	return subscription, nil
}

// Recv waits for the next event. It never returns nil. After the end every call
// returns SubscriptionDropped.
func (s *PersistentSubscription) Recv() *PersistentSubscriptionEvent {
	for {
		if s.dropped.Load() {
			return persistentDrop(errSubscriptionClosed)
		}
		if err := s.call.RecvMsg(&s.answer); err != nil {
			if s.dropped.Load() {
				return persistentDrop(errSubscriptionClosed)
			}
			s.client.observe(s.conn, s.call.Trailer(), err)
			_ = s.Close()
			return persistentDrop(err)
		}
		switch {
		case s.answer.err != nil:
			_ = s.Close()
			return persistentDrop(s.answer.err)
		case s.answer.kind == persistentEvent:
			return &PersistentSubscriptionEvent{
				EventAppeared: &EventAppeared{Event: s.answer.event, RetryCount: s.answer.retries},
			}
		}
	}
}

// Ack counts events as done. An error says that it may not have reached the
// server, which then gives the events out again.
func (s *PersistentSubscription) Ack(events ...*ResolvedEvent) error {
	if len(events) == 0 {
		return nil
	}
	return s.send(&persistent.ReadReq{Content: &persistent.ReadReq_Ack_{
		Ack: &persistent.ReadReq_Ack{Id: []byte(s.id), Ids: originalIDs(events)},
	}})
}

// Nack gives events back, and says why and what to do with them. Errors are
// those of Ack.
func (s *PersistentSubscription) Nack(reason string, action NackAction, events ...*ResolvedEvent) error {
	if len(events) == 0 {
		return nil
	}
	return s.send(&persistent.ReadReq{Content: &persistent.ReadReq_Nack_{Nack: &persistent.ReadReq_Nack{
		Id: []byte(s.id), Ids: originalIDs(events), Action: persistent.ReadReq_Nack_Action(action), Reason: reason,
	}}})
}

func (s *PersistentSubscription) send(answer *persistent.ReadReq) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.dropped.Load() {
		return &Error{code: ErrorCodeConnectionClosed, err: errSubscriptionClosed}
	}
	if err := s.call.Send(answer); err != nil {
		return s.client.fault(s.ctx, s.conn, nil, err)
	}
	return nil
}

// Close ends the subscription. The error is always nil.
func (s *PersistentSubscription) Close() error {
	s.dropped.Store(true)
	s.cancel()
	return nil
}

func originalIDs(events []*ResolvedEvent) []*shared.UUID {
	ids := make([]*shared.UUID, 0, len(events))
	for _, event := range events {
		most, least := UUIDAsInt64(event.OriginalEvent().EventID)
		ids = append(ids, &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
			MostSignificantBits: most, LeastSignificantBits: least,
		}}})
	}
	return ids
}

func persistentDrop(err error) *PersistentSubscriptionEvent {
	return &PersistentSubscriptionEvent{SubscriptionDropped: &SubscriptionDropped{Error: err}}
}
