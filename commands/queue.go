package commands

import (
	"context"
	"hash/maphash"
)

// queues let commands on one stream that got into each other's way go one after the other. Commands that meet nobody
// never wait. Other instances do not queue here: against them there are the attempts.
type queues struct {
	seed  maphash.Seed
	heads [256]chan struct{} // streams share one by their hash
}

func newQueues() *queues {
	q := &queues{seed: maphash.MakeSeed()}
	for i := range q.heads {
		q.heads[i] = make(chan struct{}, 1)
	}
	return q
}

// enter waits for the stream's turn; leave ends it. The error is the context's.
func (q *queues) enter(ctx context.Context, stream string) (leave func(), err error) {
	head := q.heads[maphash.String(q.seed, stream)%uint64(len(q.heads))]
	select {
	case head <- struct{}{}:
		return func() { <-head }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
