package feed

import (
	"context"
	"sync"
)

// reading is one subscription of a SharedLog, and what is remembered of it. It never waits for who follows it.
type reading struct {
	cancel  context.CancelFunc
	streams int           // that follow it, guarded by the SharedLog
	started chan struct{} // closed when the ring has begun, or err says why it never will
	start   func()        // closes started
	over    chan struct{} // closed when its goroutine has ended

	mu   sync.Mutex
	news *sync.Cond // an item, the end of the reading, or of a stream
	ring ring
	err  error // why nothing is added any more
}

func newReading(options SharedOptions, cancel context.CancelFunc) *reading {
	r := &reading{
		cancel: cancel, started: make(chan struct{}), over: make(chan struct{}),
		ring: ring{maxItems: options.RecentItems, maxBytes: options.RecentBytes},
	}
	r.start = sync.OnceFunc(func() { close(r.started) })
	r.news = sync.NewCond(&r.mu)
	return r
}

// read follows the log from its head on until that fails or ctx ends.
func (r *reading) read(ctx context.Context, log Log) error {
	head, err := log.Head(ctx)
	if err != nil {
		return err
	}
	stream, err := log.Open(ctx, All, head)
	if err != nil {
		return err
	}
	defer stream.Close()
	r.ring.from = head
	r.start()
	for {
		item, err := stream.Recv()
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.ring.add(item)
		r.mu.Unlock()
		r.news.Broadcast()
	}
}

// end says why nothing follows. What is remembered can still be had.
func (r *reading) end(err error) {
	r.mu.Lock()
	r.err = err
	r.mu.Unlock()
	r.start()
	r.news.Broadcast()
}
