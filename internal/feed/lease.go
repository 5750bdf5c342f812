package feed

import (
	"context"
	"errors"
	"sync"
	"time"

	"am-user-management/internal/eventstore"
)

// Timing is how turns are kept. All of it is by the database's clock or by intervals.
type Timing struct {
	// Lease is how long a turn lasts unless it is renewed, every Renew. Standby is how often others ask for it. A
	// projection is without an active instance for Lease + Standby after a crash, for Standby after a clean end.
	Lease, Renew, Standby time.Duration
	// Flush is how long a position that no batch wrote (ignored events, single messages) may stay in memory only.
	Flush time.Duration
}

func (t Timing) withDefaults() Timing {
	if t.Lease <= 0 {
		t.Lease = 6 * time.Second
	}
	if t.Renew <= 0 {
		t.Renew = t.Lease / 3
	}
	if t.Standby <= 0 {
		t.Standby = 500 * time.Millisecond
	}
	if t.Flush <= 0 {
		t.Flush = 100 * time.Millisecond
	}
	return t
}

// lease is a turn that Postgres keeps.
type lease struct {
	checkpoints *checkpoints
	name        string
	epoch       int64
	halt        *Halt           // what the last turn left
	parked      map[string]bool // streams to leave alone
	moved       func(eventstore.Position)
	ended       func()

	// writing is held by whoever moves the row under this epoch: a batch, or flush.
	writing sync.Mutex
	stored  eventstore.Position // what the row says; guarded by writing

	mu     sync.Mutex
	passed eventstore.Position // never before stored

	lost     chan struct{}
	loseOnce sync.Once
	stop     context.CancelFunc
	kept     chan struct{}
}

// start keeps the lease from then on; begun is when it was asked for.
func (l *lease) start(begun time.Time) {
	l.passed = l.stored
	l.lost, l.kept = make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	go func() {
		defer close(l.kept)
		l.keep(ctx, begun)
	}()
}

// keep renews the lease until ctx ends or the lease is lost.
func (l *lease) keep(ctx context.Context, renewed time.Time) {
	renew := time.NewTicker(l.checkpoints.timing.Renew)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.lost:
			return
		case <-renew.C:
			renewed = l.renew(ctx, renewed)
		}
	}
}

// renew returns when the lease was last known to be ours. A database that does not answer does not end the turn
// before the lease is over: until then nobody else can have begun one.
func (l *lease) renew(ctx context.Context, renewed time.Time) time.Time {
	timing := l.checkpoints.timing
	asked := l.checkpoints.now()
	ctx, cancel := context.WithTimeout(ctx, timing.Lease)
	defer cancel()
	var stored *eventstore.Position
	if l.writing.TryLock() { // else a batch is about to compare the row anyway
		defer l.writing.Unlock()
		stored = &l.stored
	}
	err := l.checkpoints.renew(ctx, l.name, l.epoch, timing.Lease, stored)
	switch {
	case err == nil:
		return asked
	case errors.Is(err, errFenced), l.checkpoints.now().Sub(renewed) >= timing.Lease:
		l.lose()
	}
	return renewed
}

func (l *lease) position() eventstore.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed
}

// Position is how far the projection is.
func (l *lease) Position() eventstore.Position { return l.position() }

// Passed moves the position, at once for those who wait in this process, and in the row within Flush.
func (l *lease) Passed(at eventstore.Position) {
	if l.advance(at) {
		l.checkpoints.flushes.soon(l)
	}
}

func (l *lease) advance(at eventstore.Position) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.passed.Less(at) {
		return false
	}
	l.passed = at
	// Under the lock, so that waiters see positions in their order.
	if l.moved != nil {
		l.moved(at)
	}
	return true
}

// Lost is closed when the turn is over.
func (l *lease) Lost() <-chan struct{} { return l.lost }

func (l *lease) lose() { l.loseOnce.Do(func() { close(l.lost) }) }

// Release writes the position and lets others have their turn at once.
func (l *lease) Release() {
	l.stop()
	<-l.kept
	if l.ended != nil {
		l.ended()
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.checkpoints.timing.Renew)
	defer cancel()
	l.checkpoints.flush(ctx, []*lease{l})
	// If the turn was lost because the row was not as expected, it is still ours to end. If this fails it ends by
	// itself.
	_ = l.checkpoints.renew(ctx, l.name, l.epoch, 0, nil)
	l.lose()
}

func (l *lease) over() bool {
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}
