package feed_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

func TestWaitIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	options := b.options(&counted{name: "a"})
	options.Waiters, options.LongestWait = 2, 50*time.Millisecond
	f, _ := b.run(t, options)
	future := eventstore.Position{Commit: 1 << 60}
	errs := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := f.Positions().Wait(context.Background(), "a", future)
			errs <- err
		}()
	}
	refused := 0
	for range 3 {
		err := receive(t, errs)
		if !errors.Is(err, feed.ErrBehind) {
			t.Errorf("waiting for the future: %v", err)
		}
		if errors.Is(err, feed.ErrTooManyWaiters) {
			refused++
		}
	}
	if refused > 1 {
		t.Errorf("%d of 3 waiters were refused, 2 may wait", refused)
	}
	if _, err := f.Positions().Wait(t.Context(), "b", at(0)); !errors.Is(err, feed.ErrUnknownProjection) {
		t.Error(err)
	}
	if _, err := f.Positions().Current("b"); !errors.Is(err, feed.ErrUnknownProjection) {
		t.Error(err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", b.log.add(3))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	current, err := f.Positions().Wait(ctx, "a", at(3))
	var behind *feed.BehindError
	if !errors.As(err, &behind) || behind.Wanted != at(3) || behind.Current != current || current != at(2) {
		t.Errorf("%v, %v", current, err)
	}
}

// TestReadersSeeWhatTheyWaitedFor writes and reads back at random, on the instance that projects and on one that
// does not, while the projection is paused now and then.
func TestReadersSeeWhatTheyWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", b.log.add(1))
	elsewhere, _ := b.run(t, b.options(&counted{name: "a"}))
	var readers sync.WaitGroup
	for reader, on := range []*feed.Feed{f, f, f, elsewhere, elsewhere} {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(5, uint64(reader)))
			for range 40 {
				last := b.log.add(1 + random.IntN(3))
				if random.IntN(10) == 0 {
					if err := errors.Join(f.Pause("a"), f.Resume("a")); err != nil {
						t.Error(err)
					}
				}
				if _, err := on.Positions().Wait(t.Context(), "a", last); err != nil {
					t.Error(err)
					return
				}
				n := int(last.Commit/10) - 1
				if typed(n) != "test.counted.v1" {
					continue
				}
				var rows int
				if err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM counted WHERE n = $1`, n).Scan(&rows); err != nil || rows != 1 {
					t.Errorf("event %d was waited for and is in %d rows: %v", n, rows, err)
				}
			}
		})
	}
	readers.Wait()
}
