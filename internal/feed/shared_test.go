package feed_test

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

// openShared opens a stream that a test need not wait for too long.
func openShared(t testing.TB, log *feed.SharedLog, after eventstore.Position) feed.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s, err := log.Open(ctx, feed.All, after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); cancel() })
	return s
}

// expect receives the items of the fake log from first to before end, and nothing else.
func expect(t testing.TB, s feed.Stream, first, end int) {
	t.Helper()
	for n := first; n < end; n++ {
		item, err := s.Recv()
		if err != nil || item.At != at(n) {
			t.Fatalf("item at %v came instead of number %d at %v: %v", item.At, n, at(n), err)
		}
	}
}

func checkOpened(t *testing.T, log *fakeLog, ever, now int) {
	t.Helper()
	if opened, _ := log.counts(); opened != ever || log.open() != now {
		t.Fatalf("%d subscriptions ever instead of %d, %d now instead of %d", opened, ever, log.open(), now)
	}
}

func TestWhoIsUpToDateSharesOneSubscription(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	last := log.add(3)
	shared := feed.NewSharedLog(log, feed.SharedOptions{})
	var streams []feed.Stream
	for range 10 {
		streams = append(streams, openShared(t, shared, last))
	}
	log.add(50)
	log.checkpoint(at(53))
	for _, s := range streams {
		expect(t, s, 3, 54)
	}
	checkOpened(t, log, 1, 1)

	// What is remembered serves who comes later.
	expect(t, openShared(t, shared, at(20)), 21, 54)
	checkOpened(t, log, 1, 1)

	// What is not takes a subscription, until it is caught up with.
	behind := openShared(t, shared, at(0))
	expect(t, behind, 1, 2)
	checkOpened(t, log, 2, 2)
	expect(t, behind, 2, 54)
	checkOpened(t, log, 2, 1)
	log.add(1)
	expect(t, behind, 54, 55)
}

// TestWhoIsAheadOfTheHead: a position without an event may be past the last event, where the shared reading begins.
func TestWhoIsAheadOfTheHead(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	log.add(1)
	log.checkpoint(at(1))
	log.checkpoint(at(2))
	s := openShared(t, feed.NewSharedLog(log, feed.SharedOptions{}), at(2))
	log.add(2)
	expect(t, s, 3, 5)
	checkOpened(t, log, 1, 1)
}

func TestSlowStreamHoldsNobodyUpAndMissesNothing(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]feed.SharedOptions{
		"items": {RecentItems: 8},
		"bytes": {RecentBytes: 20}, // two bytes each
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newFakeLog()
			shared := feed.NewSharedLog(log, limits)
			fast := openShared(t, shared, eventstore.Position{})
			slow := openShared(t, shared, eventstore.Position{})
			late := openShared(t, shared, eventstore.Position{})
			for n := 0; n < 92; n += 4 {
				log.add(4)
				expect(t, fast, n, n+4)
			}
			checkOpened(t, log, 1, 1)
			expect(t, slow, 0, 92)
			checkOpened(t, log, 2, 1)
			log.add(5)
			expect(t, slow, 92, 97) // from memory
			checkOpened(t, log, 2, 1)
			expect(t, late, 0, 97)
			checkOpened(t, log, 3, 1)
		})
	}
}

// TestWhoIsAboutToFallOutDoesNotGoOver: else a stream as fast as the writers would subscribe again and again.
func TestWhoIsAboutToFallOutDoesNotGoOver(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	shared := feed.NewSharedLog(log, feed.SharedOptions{RecentItems: 8})
	fast := openShared(t, shared, eventstore.Position{})
	for n := range 100 {
		log.add(1)
		expect(t, fast, n, n+1)
	}
	behind := openShared(t, shared, at(80)) // 92 to 99 are remembered
	expect(t, behind, 81, 95)
	checkOpened(t, log, 2, 2)
	expect(t, behind, 95, 96)
	checkOpened(t, log, 2, 1)
	expect(t, behind, 96, 100)
}

func TestLargeEventIsRememberedAlone(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	shared := feed.NewSharedLog(log, feed.SharedOptions{RecentBytes: 10})
	one, other := openShared(t, shared, eventstore.Position{}), openShared(t, shared, eventstore.Position{})
	log.mu.Lock()
	log.items = append(log.items, feed.Item{At: at(0), HasEvent: true, Event: eventstore.Recorded{Data: make([]byte, 1000)}})
	log.notify()
	log.mu.Unlock()
	expect(t, one, 0, 1)
	expect(t, other, 0, 1)
	checkOpened(t, log, 1, 1)
	log.add(1)
	expect(t, one, 1, 2)
}

func TestDropEndsWhoShares(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	log.drop = func(index int) bool { return index == 5 }
	shared := feed.NewSharedLog(log, feed.SharedOptions{})
	streams := []feed.Stream{openShared(t, shared, eventstore.Position{}), openShared(t, shared, eventstore.Position{})}
	log.add(10)
	for _, s := range streams {
		expect(t, s, 0, 5) // what came before the drop
		if _, err := s.Recv(); !errors.Is(err, errDropped) {
			t.Fatalf("the stream goes on after the drop: %v", err)
		}
	}
	log.mu.Lock()
	log.drop = nil
	log.mu.Unlock()
	// The new reading begins at the head: what was lost comes over a subscription of the stream's own.
	again := openShared(t, shared, at(4))
	expect(t, again, 5, 10)
	log.add(1)
	expect(t, again, 10, 11)
	checkOpened(t, log, 3, 1)
}

func TestOpenFailsWithTheLog(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	log.headErr = errDropped
	shared := feed.NewSharedLog(log, feed.SharedOptions{})
	if _, err := shared.Open(t.Context(), feed.All, at(0)); !errors.Is(err, errDropped) {
		t.Fatalf("opened although the log does not answer: %v", err)
	}
	log.headErr = nil
	log.add(2)
	expect(t, openShared(t, shared, at(0)), 1, 2)
}

func TestTopicsOfStreamsAreNotShared(t *testing.T) {
	t.Parallel()
	log := newFakeLog()
	shared := feed.NewSharedLog(log, feed.SharedOptions{})
	for range 2 {
		s, err := shared.Open(t.Context(), "s-1", eventstore.Position{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	checkOpened(t, log, 2, 2)
}

func TestProjectionsOfAFeedShareOneSubscription(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	last := b.log.add(50)
	f, _ := b.run(t, b.options(&counted{name: "a"}, &counted{name: "b"}, &counted{name: "c"}))
	for _, name := range []string{"a", "b", "c"} {
		wait(t, f, name, last)
	}
	if now := b.log.open(); now != 1 {
		t.Errorf("%d subscriptions for three projections", now)
	}
	wait(t, f, "c", b.log.add(5))
	b.check(t, "c", 55)
}

func TestSharedReadingEndsWithItsLastStream(t *testing.T) { // not parallel: it counts goroutines
	before := goleak.IgnoreCurrent()
	log := newFakeLog()
	last := log.add(10)
	shared := feed.NewSharedLog(log, feed.SharedOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	var ended []chan error
	for _, open := range []struct {
		ctx   context.Context
		after eventstore.Position
		skip  int
	}{{ctx, last, 0}, {t.Context(), last, 0}, {ctx, at(3), 6}} {
		s, err := shared.Open(open.ctx, feed.All, open.after)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, s, 10-open.skip, 10)
		end := make(chan error, 1)
		go func() { _, err := s.Recv(); end <- err }()
		ended = append(ended, end)
		if open.ctx != ctx {
			s.Close()
			s.Close()
		}
	}
	if err := receive(t, ended[1]); !errors.Is(err, context.Canceled) {
		t.Errorf("closed: %v", err)
	}
	checkOpened(t, log, 2, 1)
	cancel()
	for _, i := range []int{0, 2} {
		if err := receive(t, ended[i]); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
	goleak.VerifyNone(t, before)
	checkOpened(t, log, 2, 0)

	// It begins again with the next stream; one that is closed while it catches up leaves nothing either.
	s := openShared(t, shared, at(2))
	expect(t, s, 3, 5)
	checkOpened(t, log, 4, 2)
	s.Close()
	checkOpened(t, log, 4, 0)
	if _, err := s.Recv(); !errors.Is(err, context.Canceled) {
		t.Errorf("received from a closed stream: %v", err)
	}
	goleak.VerifyNone(t, before)
}
