package esdb

import (
	"context"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// SubscribeToStreamOptions are the choices of following one stream.
type SubscribeToStreamOptions struct {
	// From is the last event already handled: the one after it comes first; nil: End.
	From StreamPosition
	// ResolveLinkTos follows links to their events.
	ResolveLinkTos bool
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the whole subscription; nil: no bound.
	Deadline *time.Duration
	// RequiresLeader has no effect, as in the official client.
	RequiresLeader bool
}

// SubscribeToAllOptions are the choices of following all streams.
type SubscribeToAllOptions struct {
	// From is the last position already handled: the event after it comes first; nil: End.
	From AllPosition
	// MaxSearchWindow and CheckpointInterval are those of
	// SubscriptionFilterOptions. They matter only with a Filter.
	MaxSearchWindow    int
	CheckpointInterval int
	// Filter picks events; nil: all.
	Filter *SubscriptionFilter
	// ResolveLinkTos follows links to their events.
	ResolveLinkTos bool
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the whole subscription; nil: no bound.
	Deadline *time.Duration
	// RequiresLeader has no effect, as in the official client.
	RequiresLeader bool
}

// SubscribeToStream follows a stream, which need not exist yet, until ctx ends
// or the subscription is closed or dropped. It returns when the server has
// confirmed.
//
// Errors are an *Error if there is no connection, else wrap one: use errors.As.
func (c *Client) SubscribeToStream(ctx context.Context, streamID string, opts SubscribeToStreamOptions) (*Subscription, error) {
	request := subscribeRequest(opts.ResolveLinkTos)
	request.Options.StreamOption = streamOption(streamID, opts.From, End{})
	return c.subscribe(ctx, request, opts.Authenticated, opts.Deadline)
}

// SubscribeToAll follows all streams, in the order in which events are written.
// Otherwise it is like SubscribeToStream. A filter with both prefixes and a
// regular expression, or neither, is a plain error.
func (c *Client) SubscribeToAll(ctx context.Context, opts SubscribeToAllOptions) (*Subscription, error) {
	request := subscribeRequest(opts.ResolveLinkTos)
	request.Options.StreamOption = allOption(opts.From, End{})
	if opts.Filter != nil {
		filter, err := SubscriptionFilterOptions{
			MaxSearchWindow:    opts.MaxSearchWindow,
			CheckpointInterval: opts.CheckpointInterval,
			SubscriptionFilter: opts.Filter,
		}.wire()
		if err != nil {
			return nil, err
		}
		request.Options.FilterOption = filter
	}
	return c.subscribe(ctx, request, opts.Authenticated, opts.Deadline)
}

func (c *Client) subscribe(
	ctx context.Context, request *streams.ReadReq,
	override *Credentials, deadline *time.Duration,
) (*Subscription, error) {
	conn, err := c.connector.connection()
	if err != nil {
		return nil, err
	}
	ctx, cancel := unbounded(ctx, deadline)
	ctx = c.addressed(ctx, override)
	call, err := conn.streams.Read(ctx, request)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("failed to perform read: %w", c.fault(ctx, conn, nil, err))
	}
	subscription := &Subscription{client: c, conn: conn, call: call, cancel: cancel}
	if err := call.RecvMsg(&subscription.answer); err != nil {
		cancel()
		return nil, fmt.Errorf("failed to construct subscription: %w", c.fault(ctx, conn, call.Trailer(), err))
	}
	if subscription.answer.err != nil || subscription.answer.kind != readRespConfirmation {
		cancel()
		return nil, fmt.Errorf("failed to construct subscription: %w",
			failure(ErrorCodeInternalServer, "the server sent tag %d before a confirmation", subscription.answer.kind))
	}
	subscription.id = subscription.answer.subscription
	return subscription, nil
}
