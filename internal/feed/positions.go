package feed

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"

	"am-user-management/internal/eventstore"
)

// row is what a checkpoint row tells an instance that does not project itself.
type row struct {
	position  eventstore.Position
	epoch     int64
	owner     string
	free      bool // nobody has the turn
	halt      *Halt
	updatedAt time.Time
}

// fresh is how long an answer of the checkpoint rows may be used again. It is shorter than Postgres takes to recover
// from a crash, which may take positions back together with the rows.
const fresh = 100 * time.Millisecond

// Positions knows how far each projection came, and lets readers wait. On the instance where a projection is active
// it knows from memory; elsewhere it asks the checkpoint rows, every poll interval, but only while somebody waits.
type Positions struct {
	most    int
	longest time.Duration
	poll    time.Duration
	rows    func(ctx context.Context) (map[string]row, error)

	now func() time.Time

	mu      sync.Mutex
	known   map[string]*progress
	far     eventstore.Position // the furthest that any projection was seen at
	waiting int
	polling bool
}

// progress is one projection's.
type progress struct {
	current eventstore.Position
	halt    *Halt
	active  bool      // in this process
	asked   time.Time // the row, if it is not active
	waiters waiters
}

// trusted reports whether current holds for somebody who began to wait at a time.
func (of *progress) trusted(began time.Time) bool { return of.active || began.Sub(of.asked) < fresh }

func newPositions(names []string, options Options, rows func(context.Context) (map[string]row, error)) *Positions {
	p := &Positions{
		most: options.Waiters, longest: options.LongestWait, poll: options.Poll, now: options.Now,
		rows: rows, known: make(map[string]*progress),
	}
	for _, name := range names {
		p.known[name] = &progress{}
	}
	return p
}

// Current is how far a projection came, as far as this process knows: exact where the projection is active.
func (p *Positions) Current(projection string) (eventstore.Position, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of, ok := p.known[projection]
	if !ok {
		return eventstore.Position{}, fmt.Errorf("%q: %w", projection, ErrUnknownProjection)
	}
	return of.current, nil
}

// Wait returns as soon as the projection applied everything up to a position, and how far it is then. It never waits
// longer than the configured bound, whatever ctx allows. Errors: ErrBehind (a *BehindError) when the time is over,
// ErrHalted (a *HaltedError) at once when the projection will not get there, ErrTooManyWaiters,
// ErrUnknownProjection.
func (p *Positions) Wait(ctx context.Context, projection string, position eventstore.Position) (eventstore.Position, error) {
	began := p.now()
	p.mu.Lock()
	of, ok := p.known[projection]
	switch {
	case !ok:
		p.mu.Unlock()
		return eventstore.Position{}, fmt.Errorf("%q: %w", projection, ErrUnknownProjection)
	case !of.current.Less(position) && of.trusted(began):
		defer p.mu.Unlock()
		return of.current, nil
	case of.active && of.halt != nil:
		defer p.mu.Unlock()
		return of.current, &HaltedError{Projection: projection, Halt: *of.halt}
	case p.waiting >= p.most:
		defer p.mu.Unlock()
		return of.current, ErrTooManyWaiters
	}
	w := &waiter{wanted: position, news: make(chan struct{})}
	heap.Push(&of.waiters, w)
	p.waiting++
	p.pollWhileNeeded()
	p.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, p.longest)
	defer cancel()
	served := false
	select {
	case <-w.news:
		served = true
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting--
	if w.index >= 0 {
		heap.Remove(&of.waiters, w.index)
	}
	switch {
	case !of.current.Less(position) && (served || of.trusted(began)):
		return of.current, nil
	case of.halt != nil:
		return of.current, &HaltedError{Projection: projection, Halt: *of.halt}
	}
	return of.current, &BehindError{Projection: projection, Current: of.current, Wanted: position}
}

// update changes what is known of a projection and wakes those who waited for it.
func (p *Positions) update(projection string, change func(*progress)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.updateLocked(projection, change)
}

func (p *Positions) updateLocked(projection string, change func(*progress)) {
	of, ok := p.known[projection]
	if !ok {
		return
	}
	change(of)
	if p.far.Less(of.current) {
		p.far = of.current
	}
	for len(of.waiters) > 0 && (of.halt != nil || !of.current.Less(of.waiters[0].wanted)) {
		close(heap.Pop(&of.waiters).(*waiter).news)
	}
	p.pollWhileNeeded()
}

// halted returns the halt of a projection that is active here.
func (p *Positions) halted(projection string) (halt *Halt, active bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of, ok := p.known[projection]; ok {
		return of.halt, of.active
	}
	return nil, false
}

// furthest is how far the projection came that came furthest, as far as this process ever knew. What is known of one that
// is not active here may go back: its row can have been asked for before it was last written.
func (p *Positions) furthest() eventstore.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.far
}

// pollWhileNeeded starts the one goroutine that asks the rows, unless it runs or nobody needs it. It is called with
// the lock held.
func (p *Positions) pollWhileNeeded() {
	if !p.polling && p.needsPoll() {
		p.polling = true
		go p.pollRows()
	}
}

func (p *Positions) needsPoll() bool {
	for _, of := range p.known {
		if !of.active && len(of.waiters) > 0 {
			return true
		}
	}
	return false
}

// pollRows ends by itself: every waiter leaves after the longest wait.
func (p *Positions) pollRows() {
	ticker := time.NewTicker(p.poll)
	defer ticker.Stop()
	for {
		// A failure is not reported here: who waits learns that the projection is behind, and when the database is
		// down the active instance says so. The next tick asks again.
		ctx, cancel := context.WithTimeout(context.Background(), p.longest)
		asked := p.now()
		rows, err := p.rows(ctx)
		cancel()
		p.mu.Lock()
		if err == nil {
			p.adopt(rows, asked)
		}
		if !p.needsPoll() {
			p.polling = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		<-ticker.C
	}
}

func (p *Positions) adopt(rows map[string]row, asked time.Time) {
	for name, r := range rows {
		p.updateLocked(name, func(of *progress) {
			if !of.active {
				of.current, of.halt, of.asked = r.position, r.halt, asked
			}
		})
	}
}
