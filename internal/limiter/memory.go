package limiter

import (
	"context"
	"strings"
	"sync"
	"time"
)

// NewMemory returns a limiter that counts in memory, for tests.
func NewMemory(rules Rules, clock func() time.Time) *Limiter {
	return &Limiter{table: &memory{rows: map[key]row{}}, namer: namer{[]byte("memory")}, rules: rules, clock: clock}
}

// memory is the table. It expires nothing: a row whose window is over counts as new.
type memory struct {
	mu   sync.Mutex
	rows map[key]row
}

func (m *memory) take(_ context.Context, budgets []budget, open bool, now time.Time) (taken []key, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.rows[budgets[0].key].known(now)
	for i, b := range budgets {
		r := m.rows[b.key]
		if r.lockedUntil.After(now) {
			continue
		}
		if !r.windowEnds.After(now) {
			r.free, r.open, r.locks, r.windowEnds = b.tries, 0, 0, now.Add(b.window)
		}
		if r.free <= 0 && (i == 0 || !known) {
			continue
		}
		r.free, r.openedAt = r.free-1, now
		if open {
			r.open++
		}
		m.rows[b.key] = r
		taken = append(taken, b.key)
	}
	return taken, nil
}

func (m *memory) proved(_ context.Context, budgets []budget, now time.Time) error {
	m.settle(budgets, func(i int, b budget, r *row) {
		r.free = min(r.free+1, b.tries)
		if i == 0 {
			r.free, r.locks, r.lockedUntil, r.provenAt = b.tries-r.open, 0, time.Time{}, now
		}
	})
	return nil
}

func (m *memory) failed(_ context.Context, budgets []budget, first, longest time.Duration, now time.Time) (locked time.Time, err error) {
	m.settle(budgets, func(i int, b budget, r *row) {
		if i == 0 && r.free <= 0 && !r.crowded(now) {
			locked = now.Add(time.Duration(min(float64(first)*float64(uint64(1)<<min(r.locks, 30)), float64(longest))))
			r.free, r.open, r.locks, r.lockedUntil, r.windowEnds = b.tries, 0, r.locks+1, locked, locked.Add(b.window)
		}
	})
	return locked, nil
}

func (m *memory) giveBack(_ context.Context, budgets []budget, _ time.Time) error {
	m.settle(budgets, func(_ int, b budget, r *row) { r.free = min(r.free+1, b.tries) })
	return nil
}

// settle closes one open try of each budget.
func (m *memory) settle(budgets []budget, change func(i int, b budget, r *row)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, b := range budgets {
		r := m.rows[b.key]
		r.open = max(r.open-1, 0)
		change(i, b, &r)
		m.rows[b.key] = r
	}
}

func (m *memory) look(_ context.Context, budgets []budget) (map[key]row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[key]row{}
	for _, b := range budgets {
		if r, ok := m.rows[b.key]; ok {
			found[b.key] = r
		}
	}
	return found, nil
}

func (m *memory) unlock(_ context.Context, account key, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, r := range m.rows {
		if strings.HasPrefix(string(k), string(account)) {
			r.windowEnds, r.locks, r.lockedUntil = now, 0, time.Time{}
			m.rows[k] = r
		}
	}
	return nil
}

func (m *memory) sweep(context.Context, time.Time) error { return nil }
