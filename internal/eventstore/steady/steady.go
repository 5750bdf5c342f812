// Package steady makes a client of EventStoreDB last as long as the program. The official client forgets its callers'
// deadlines while it looks for a node, is dead for good once it found none, leaves calls waiting for ever that were
// queued at that moment, and panics at some messages. Here calls come back in time, few of them are risked while the
// client is silent, and a dead client is followed by another. Nothing is repeated: that is for the caller, who knows
// what may be. It imports the client and nothing else.
package steady

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// ErrNotTried: the call was not made, because there is no client, or because it is silent and other calls are waiting
// for it already.
var ErrNotTried = errors.New("the event store client is not asked now")

// grace is how long an answer may come after the caller's time: only what takes longer shows a silent client.
const grace = 50 * time.Millisecond

// Client is a client of an event store, one after the other if need be. New makes it.
type Client struct {
	connect func() (*esdb.Client, error)
	aside   aside

	mu  sync.Mutex
	now *tenure // nil before the first call, after Close, and after a client's death
}

// New returns a client whose clients connect makes: one at the first call, and another one after each one's death.
func New(connect func() (*esdb.Client, error)) *Client {
	return &Client{connect: connect, aside: newAside()}
}

// Close closes the client. Close it when no call is running; a later call makes a new client.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil {
		return nil
	}
	gone := c.now.client
	c.now = nil
	return gone.Close()
}

// Do makes one call, and is back when ctx ends even if the client is not. What a call returns later is lost: whoever
// gave up must have ended what it may still begin. The call may fail with ErrNotTried, with ctx's error, which leaves
// open whether something happened, and with the client's own; a panic of the client is an error.
func Do[T any](ctx context.Context, c *Client, call func(context.Context, *esdb.Client) (T, error)) (T, error) {
	var none T
	at, err := c.use()
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrNotTried, err)
	}
	visit, err := at.enter(ctx)
	if err != nil {
		return none, err
	}
	type answer struct {
		result T
		err    error
	}
	answered := make(chan answer, 1)
	c.aside.do(func() {
		var a answer
		defer func() {
			if reason := recover(); reason != nil {
				a.err = fmt.Errorf("the event store client panicked: %v", reason)
			}
			if isClosed(a.err) {
				c.drop(at)
			}
			visit.end()
			answered <- a
		}()
		a.result, a.err = call(ctx, at.client)
	})
	select {
	case a := <-answered:
		return a.result, a.err
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case a := <-answered:
		return a.result, a.err
	case <-late.C:
		visit.overdue()
		return none, ctx.Err()
	}
}

func isClosed(err error) bool {
	var fault *esdb.Error
	return errors.As(err, &fault) && fault.IsErrorCode(esdb.ErrorCodeConnectionClosed)
}

// use returns the client, and makes one if there is none.
func (c *Client) use() (*tenure, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil {
		client, err := c.connect()
		if err != nil {
			return nil, err
		}
		c.now = newTenure(client)
	}
	return c.now, nil
}

// drop lets the next call make a client. The dropped one has closed itself: closing it again gives back what it holds.
func (c *Client) drop(at *tenure) {
	c.mu.Lock()
	dropped := c.now == at
	if dropped {
		c.now = nil
	}
	c.mu.Unlock()
	if dropped {
		_ = at.client.Close() // always nil
	}
}
