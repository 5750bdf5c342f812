package feed_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/feed"
)

// TestAnotherLogIsRefused stops a feed and changes the log behind its back. Nothing is read from a log that is not the
// one that the tables were made from, and when that one is there again, everything goes on where it was.
func TestAnotherLogIsRefused(t *testing.T) {
	t.Parallel()
	for title, test := range map[string]struct {
		change func(l *fakeLog)
		says   string
	}{
		"restored to an earlier time": {change: func(l *fakeLog) { l.items = l.items[:20] }, says: "ends at 200/200"},
		"restored, and grown again":   {change: func(l *fakeLog) { l.rewrite(20, 60) }, says: "was at 400/400, now it is"},
		"another one altogether":      {change: func(l *fakeLog) { l.rewrite(0, 50) }, says: "was at 400/400, now it is"},
		"emptied":                     {change: func(l *fakeLog) { l.items = nil }, says: "ends at 0/0"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			f, stop := b.run(t, b.options(&counted{name: "a"}))
			wait(t, f, "a", b.log.add(40))
			stop()
			right := b.log.items
			b.log.change(func() { b.log.items = append([]feed.Item(nil), right...); test.change(b.log) })

			f, _ = b.run(t, b.options(&counted{name: "a"}))
			eventually(t, "the log is refused", func() bool { return f.LogFault() != nil })
			if err := f.LogFault(); !errors.Is(err, feed.ErrOtherLog) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the fault is %v", err)
			}
			if _, handed := b.log.counts(); handed > 40 {
				t.Errorf("%d events were read", handed)
			}
			b.log.change(func() { b.log.items = right })
			wait(t, f, "a", b.log.add(5))
			eventually(t, "the log is accepted", func() bool { return f.LogFault() == nil })
			var rows int
			if err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM counted`).Scan(&rows); err != nil || rows != 41 {
				t.Errorf("%d of 45 events are in rows, 41 matter: %v", rows, err)
			}
		})
	}
}

// An end that comes while the anchor is being moved leaves it at what was passed since.
func TestTheAnchorIsLeftAtTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	moving, release, stopped := make(chan struct{}, 1), make(chan struct{}), make(chan struct{}, 1)
	b.log.asked = sync.OnceFunc(func() { moving <- struct{}{}; <-release })
	f, stop := b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", b.log.add(20))
	receive(t, moving)
	last := b.log.add(20)
	wait(t, f, "a", last)
	go func() { stop(); stopped <- struct{}{} }()
	eventually(t, "the projection goes on", func() bool { return !status(t, f, "a").Active })
	close(release)
	receive(t, stopped)
	if at := b.anchor(t); at != int64(last.Commit) {
		t.Errorf("the anchor is at %d, not at %d", at, last.Commit)
	}
}

// A checkpoint that was read before the projection went on, and becomes known only after it ended, does not keep the
// anchor back.
func TestTheAnchorIsNotKeptBackByAnOldCheckpoint(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before, stopBefore := b.run(t, b.options(&counted{name: "a"}, &counted{name: "b"}))
	old := b.log.add(20)
	wait(t, before, "a", old)
	wait(t, before, "b", old)

	config := b.pool.Config()
	answer := &lateAnswer{come: make(chan struct{}, 1), told: make(chan struct{})}
	tell := sync.OnceFunc(func() { close(answer.told) })
	config.ConnConfig.Tracer = answer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	var armed atomic.Bool
	moving, release, stopped := make(chan struct{}, 1), make(chan struct{}), make(chan struct{}, 1)
	once := sync.OnceFunc(func() { moving <- struct{}{}; <-release })
	b.log.asked = func() {
		if armed.Load() {
			once()
		}
	}
	options := b.options(&counted{name: "a"}, &counted{name: "b"}) // two: a turn asks for one row, who waits for both
	options.Pool = pool
	f, stop := b.run(t, options)
	t.Cleanup(tell)
	waiting, leave := context.WithCancel(t.Context())
	left := make(chan struct{}, 1)
	go func() {
		_, _ = f.Positions().Wait(waiting, "a", at(1000))
		left <- struct{}{}
	}()
	receive(t, answer.come)
	stopBefore()
	last := b.log.add(1)
	wait(t, f, "b", last)
	wait(t, f, "a", last)
	armed.Store(true) // both have compared the log
	b.log.add(1)
	receive(t, moving)
	last = b.log.add(20)
	wait(t, f, "a", last)
	go func() { stop(); stopped <- struct{}{} }()
	eventually(t, "the projections end", func() bool { return !status(t, f, "a").Active && !status(t, f, "b").Active })
	leave() // nobody asks again
	receive(t, left)
	tell()
	eventually(t, "the old rows are known", func() bool {
		ofA, errA := f.Positions().Current("a")
		ofB, errB := f.Positions().Current("b")
		return errA == nil && errB == nil && ofA == old && ofB == old
	})
	close(release)
	receive(t, stopped)
	if at := b.anchor(t); at != int64(last.Commit) {
		t.Errorf("the anchor is at %d, not at %d", at, last.Commit)
	}
}

// lateAnswer has the first answer with the rows of several checkpoints come when it is told to.
type lateAnswer struct {
	once atomic.Bool // not sync.Once, for which everybody would wait
	come chan struct{}
	told chan struct{}
}

type severalRows struct{}

func (l *lateAnswer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if len(data.Args) == 1 {
		if names, ok := data.Args[0].([]string); ok && len(names) > 1 {
			return context.WithValue(ctx, severalRows{}, true)
		}
	}
	return ctx
}

func (l *lateAnswer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if ctx.Value(severalRows{}) != nil && l.once.CompareAndSwap(false, true) {
		l.come <- struct{}{}
		<-l.told
	}
}

func (b *bench) anchor(t *testing.T) (commit int64) {
	t.Helper()
	if err := b.pool.QueryRow(t.Context(), `SELECT commit_position FROM log_anchor`).Scan(&commit); err != nil {
		t.Fatal(err)
	}
	return commit
}

// rewrite replaces what follows the first events by others, up to a number of events.
func (l *fakeLog) rewrite(from, to int) {
	l.items = l.items[:from]
	for n := from; n < to; n++ {
		item := feed.Item{At: at(n), HasEvent: true}
		item.Event.ID, item.Event.Stream, item.Event.Position = uuid.New(), "other", at(n)
		item.Event.Type, item.Event.Data = "test.counted.v1", []byte("0")
		l.items = append(l.items, item)
	}
}

func (l *fakeLog) change(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.notify()
}
