package batches

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// call is one call of BatchAppend, from its opening to its end. Its goroutine receives, another one sends.
type call struct {
	client *Client
	ctx    context.Context
	cancel context.CancelFunc
	queue  chan *pending
	// ended is closed when nothing is answered any more.
	ended chan struct{}

	mu      sync.Mutex
	last    uint64 // id
	waiting map[uint64]*pending
	over    bool
}

// pending is an append on its way.
type pending struct {
	request *streams.BatchAppendReq
	// taken is set once, by who is about to send it or by who has given it up before.
	taken  atomic.Bool
	answer chan *streams.BatchAppendResp
}

func newCall(c *Client) *call {
	ctx, cancel := context.WithCancel(addressed(context.Background(), c.settings))
	return &call{
		client: c, ctx: ctx, cancel: cancel, queue: make(chan *pending, appendsOnTheWay),
		ended: make(chan struct{}), waiting: make(map[uint64]*pending),
	}
}

// do sends a request and waits for its answer. Without one, it tells whether the request may have been sent.
func (c *call) do(ctx context.Context, request *streams.BatchAppendReq) (*streams.BatchAppendResp, Outcome) {
	p := &pending{request: request, answer: make(chan *streams.BatchAppendResp, 1)}
	id, ok := c.register(p)
	if !ok {
		return nil, NotStored
	}
	request.CorrelationId = correlation(id)
	select {
	case c.queue <- p:
	default: // full of appends that were given up since
		c.forget(id)
		return nil, NotStored
	}
	select {
	case answer := <-p.answer:
		return answer, Unknown
	case <-c.ended:
	case <-ctx.Done():
		if context.Cause(ctx) == errSilent { //nolint:errorlint // it is ours, bare
			c.fail(errSilent)
		}
	}
	c.forget(id)
	if p.taken.CompareAndSwap(false, true) {
		return nil, NotStored
	}
	select {
	case answer := <-p.answer: // it came at the last moment
		return answer, Unknown
	default:
		return nil, Unknown
	}
}

func (c *call) register(p *pending) (id uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return 0, false
	}
	c.last++
	c.waiting[c.last] = p
	return c.last, true
}

// forget returns who waits for an answer, and no longer expects it.
func (c *call) forget(id uint64) *pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.waiting[id]
	delete(c.waiting, id)
	return p
}

// fail ends the call, and the waiting of all whose appends are on their way.
func (c *call) fail(why error) {
	c.mu.Lock()
	over := c.over
	c.over = true
	c.mu.Unlock()
	if over {
		return
	}
	c.client.lost(c, why)
	close(c.ended)
	c.cancel()
}

func (c *call) run() {
	open, err := streams.NewStreamsClient(c.client.conn).BatchAppend(c.ctx)
	if err != nil {
		c.fail(err)
		return
	}
	var sending sync.WaitGroup
	sending.Go(func() { c.send(open) })
	c.fail(c.receive(open))
	sending.Wait()
}

func (c *call) send(open streams.Streams_BatchAppendClient) {
	for {
		select {
		case p := <-c.queue:
			if !p.taken.CompareAndSwap(false, true) {
				continue
			}
			if open.Send(p.request) != nil {
				return // whoever receives is told why
			}
		case <-c.ended:
			return
		}
	}
}

func (c *call) receive(open streams.Streams_BatchAppendClient) error {
	for {
		answer, err := open.Recv()
		if err != nil {
			return err
		}
		if p := c.forget(correlated(answer.GetCorrelationId())); p != nil {
			p.answer <- answer // has room for the only one
		}
	}
}
