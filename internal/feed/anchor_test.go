package feed_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

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
	var commit int64
	if err := b.pool.QueryRow(t.Context(), `SELECT commit_position FROM log_anchor`).Scan(&commit); err != nil || commit != int64(last.Commit) {
		t.Errorf("the anchor is at %d, not at %d: %v", commit, last.Commit, err)
	}
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
