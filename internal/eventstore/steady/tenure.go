package steady

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// patience is how long the one call that asks a silent client keeps others from asking, too. The client may have
// forgotten that very call, so it is not for ever; each further call may be forgotten as well, so it is not short.
const patience = 30 * time.Second

// tenure is the time of one client. The client is silent from its beginning, and whenever a call is overdue, until any
// call comes back; while it is silent, one call at a time is risked: what queues up in a client that dies is lost.
type tenure struct {
	client *esdb.Client
	turn   chan struct{} // holds the call that asks while the client is silent

	mu     sync.Mutex
	silent chan struct{} // closed when the client speaks again; nil while it does
}

func newTenure(client *esdb.Client) *tenure {
	return &tenure{client: client, turn: make(chan struct{}, 1), silent: make(chan struct{})}
}

// visit is one call of the client.
type visit struct {
	at    *tenure
	back  bool // guarded by the tenure
	leave func()
}

// enter waits until the client may be called. It fails with ErrNotTried when ctx ends before.
func (t *tenure) enter(ctx context.Context) (*visit, error) {
	v := &visit{at: t, leave: func() {}}
	t.mu.Lock()
	silent := t.silent
	t.mu.Unlock()
	if silent == nil {
		return v, nil
	}
	select {
	case <-silent:
	case t.turn <- struct{}{}:
		v.leave = sync.OnceFunc(func() { <-t.turn })
		time.AfterFunc(patience, v.leave)
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrNotTried, ctx.Err())
	}
	return v, nil
}

// end says that the call came back: the client speaks.
func (v *visit) end() {
	v.at.mu.Lock()
	v.back = true
	if v.at.silent != nil {
		close(v.at.silent)
		v.at.silent = nil
	}
	v.at.mu.Unlock()
	v.leave()
}

// overdue says that the call should have come back by now.
func (v *visit) overdue() {
	v.at.mu.Lock()
	defer v.at.mu.Unlock()
	if !v.back && v.at.silent == nil {
		v.at.silent = make(chan struct{})
	}
}
