package esdb

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// ReadStreamOptions are the choices of reading one stream.
type ReadStreamOptions struct {
	Direction Direction
	// From is the first event, included; nil: Start, also for Backwards.
	From StreamPosition
	// ResolveLinkTos follows links to their events.
	ResolveLinkTos bool
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the whole read; nil: no bound.
	Deadline *time.Duration
	// RequiresLeader has no effect, as in the official client.
	RequiresLeader bool
}

// ReadAllOptions are the choices of reading all streams.
type ReadAllOptions struct {
	Direction Direction
	// From is where to begin: the event there is included forwards, and not
	// backwards; nil: Start, also for Backwards.
	From AllPosition
	// ResolveLinkTos follows links to their events.
	ResolveLinkTos bool
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the whole read; nil: no bound.
	Deadline *time.Duration
	// RequiresLeader has no effect, as in the official client.
	RequiresLeader bool
}

// ReadStream hands out the events of a read. It is not for concurrent use,
// except that Close may be called at any time.
type ReadStream struct {
	client   *Client
	conn     *connection
	call     streams.Streams_ReadClient
	answer   readAnswer
	ctx      context.Context //nolint:containedctx // a read is a call that goes on
	cancel   context.CancelFunc
	streamID string
	finished atomic.Bool
}

// ReadStream reads at most count events of a stream. It returns before the
// server has answered: that there is no such stream, or no right to read it, is
// for Recv to say. Call Close when done.
//
// Errors are an *Error if there is no connection, else gRPC's own.
func (c *Client) ReadStream(ctx context.Context, streamID string, opts ReadStreamOptions, count uint64) (*ReadStream, error) {
	request := readRequest(opts.Direction, opts.ResolveLinkTos, count)
	request.Options.StreamOption = streamOption(streamID, opts.From, Start{})
	return c.read(ctx, streamID, request, opts.Authenticated, opts.Deadline)
}

// ReadAll reads at most count events of all streams, in the order in which they
// were written. Otherwise it is like ReadStream.
func (c *Client) ReadAll(ctx context.Context, opts ReadAllOptions, count uint64) (*ReadStream, error) {
	request := readRequest(opts.Direction, opts.ResolveLinkTos, count)
	request.Options.StreamOption = allOption(opts.From, Start{})
	return c.read(ctx, "$all", request, opts.Authenticated, opts.Deadline)
}

func (c *Client) read(
	ctx context.Context, streamID string, request *streams.ReadReq,
	override *Credentials, deadline *time.Duration,
) (*ReadStream, error) {
	conn, err := c.connector.connection()
	if err != nil {
		return nil, err
	}
	ctx, cancel := unbounded(ctx, deadline)
	ctx = c.addressed(ctx, override)
	call, err := conn.streams.Read(ctx, request)
	if err != nil {
		cancel()
		c.observe(conn, nil, err)
		return nil, err
	}
	return &ReadStream{client: c, conn: conn, call: call, ctx: ctx, cancel: cancel, streamID: streamID}, nil
}

// Recv returns the next event, or io.EOF after the last one. Other errors are
// *Error: ResourceNotFound for a stream that does not exist, StreamDeleted for
// a tombstoned one, AccessDenied, and those of any call. After any error, and
// after Close, it returns io.EOF.
func (r *ReadStream) Recv() (*ResolvedEvent, error) {
	if r.finished.Load() {
		return nil, io.EOF
	}
	for {
		if err := r.call.RecvMsg(&r.answer); err != nil {
			return nil, r.finish(err)
		}
		if r.answer.err != nil {
			r.Close()
			return nil, r.answer.err
		}
		switch r.answer.kind {
		case readRespEvent:
			return r.answer.event, nil
		case readRespNotFound:
			r.Close()
			return nil, failure(ErrorCodeResourceNotFound, "stream %q is not found", r.streamID)
		}
		// Anything else is news of a later server, not an event.
	}
}

// finish ends the read and says how it ended.
func (r *ReadStream) finish(err error) error {
	closed := r.finished.Load()
	if err != io.EOF && !closed { //nolint:errorlint // gRPC returns io.EOF itself
		err = r.client.fault(r.ctx, r.conn, r.call.Trailer(), err)
	} else {
		err = io.EOF
	}
	r.Close()
	return err
}

// Close ends the read.
func (r *ReadStream) Close() {
	r.finished.Store(true)
	r.cancel()
}
