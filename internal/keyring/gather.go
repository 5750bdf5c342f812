package keyring

import (
	"context"
	"sync"
	"time"

	"am-user-management/domain"
)

const (
	// gatherMost is how many subjects one statement is about.
	gatherMost = 1000
	// gatherTime bounds a statement that several wait for, whose own patience may differ.
	gatherTime = 5 * time.Second
)

// gathering lets callers who need keys at the same time share a statement: whoever comes while one runs is served by
// the next one, together with all others who came. Who comes alone does not wait.
type gathering struct {
	fetch func(ctx context.Context, subjects []domain.ID) ([]held, error)

	mu      sync.Mutex
	next    *asked // not running yet; nil if nobody waits
	running bool
}

// asked is what one statement is asked for.
type asked struct {
	subjects map[domain.ID]bool
	answered chan struct{} // closed once found and err are final
	found    map[domain.ID]held
	err      error
}

// get returns the keys of the subjects, among others. The statement starts after get was called.
func (g *gathering) get(ctx context.Context, subjects []domain.ID) (map[domain.ID]held, error) {
	mine := g.join(ctx, subjects)
	select {
	case <-mine.answered:
		return mine.found, mine.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *gathering) join(ctx context.Context, subjects []domain.ID) *asked {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil || len(g.next.subjects)+len(subjects) > gatherMost && len(g.next.subjects) > 0 {
		if g.next != nil { // full: it needs no runner to wait for
			go g.answer(context.WithoutCancel(ctx), g.next)
		}
		g.next = &asked{subjects: make(map[domain.ID]bool, len(subjects)), answered: make(chan struct{})}
	}
	for _, subject := range subjects {
		g.next.subjects[subject] = true
	}
	mine := g.next
	if !g.running {
		g.running = true
		go g.run(context.WithoutCancel(ctx))
	}
	return mine
}

// run serves who waits, until nobody does.
func (g *gathering) run(ctx context.Context) {
	for {
		g.mu.Lock()
		batch := g.next
		g.next = nil
		if batch == nil {
			g.running = false
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		g.answer(ctx, batch)
	}
}

func (g *gathering) answer(ctx context.Context, batch *asked) {
	defer close(batch.answered)
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	subjects := make([]domain.ID, 0, len(batch.subjects))
	for subject := range batch.subjects {
		subjects = append(subjects, subject)
	}
	found, err := g.fetch(ctx, subjects)
	batch.err = err
	batch.found = make(map[domain.ID]held, len(found))
	for _, h := range found {
		batch.found[h.subject] = h
	}
}
