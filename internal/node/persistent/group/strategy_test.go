package group_test

import (
	"slices"
	"testing"

	"am-user-management/internal/node/persistent/group"
)

func TestRoundRobinTakesTurns(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	first, second := connect(t, g, 2), connect(t, g, 10)
	feed(g, 7, 1)
	expect(t, "first", take(first), "0/0", "2/0")
	expect(t, "second", take(second), "1/0", "3/0", "4/0", "5/0", "6/0")
}

// TestRoundRobinAsksWhoComesLast: a consumer that comes takes its turn after those that are there.
func TestRoundRobinAsksWhoComesLast(t *testing.T) {
	t.Parallel()
	g := newGroup(settings())
	total := int64(0)
	more := func(n int64) {
		total += n
		g.News()
		feed(g, total, 1)
	}
	first := connect(t, g, 10)
	more(1)
	expect(t, "first alone", take(first), "0/0")
	second := connect(t, g, 10)
	more(3)
	expect(t, "first of two", take(first), "1/0", "3/0")
	expect(t, "second of two", take(second), "2/0")
	third := connect(t, g, 10)
	more(3)
	expect(t, "second's turn", take(second), "4/0")
	expect(t, "first's turn", take(first), "5/0")
	expect(t, "third's turn", take(third), "6/0")
	g.Disconnect(second, 0)
	expect(t, "first gets what the second had", take(first), "2/1")
	expect(t, "third gets the other", take(third), "4/1")
}

// TestDispatchToSingleTurnsToWhoWaitsLongest, not to who came last.
func TestDispatchToSingleTurnsToWhoWaitsLongest(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Strategy = group.DispatchToSingle
	g := newGroup(s)
	first, second := connect(t, g, 1), connect(t, g, 2)
	feed(g, 2, 1)
	expect(t, "first", take(first), "0/0")
	expect(t, "second", take(second), "1/0")
	third := connect(t, g, 9)
	g.Ack(first, ids(0), 0)
	g.News()
	feed(g, 5, 1)
	expect(t, "second fills up", take(second), "2/0")
	expect(t, "first is next", take(first), "3/0")
	expect(t, "third is last", take(third), "4/0")
}

func TestDispatchToSingleFillsOneThenTheNext(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Strategy = group.DispatchToSingle
	g := newGroup(s)
	first, second := connect(t, g, 2), connect(t, g, 10)
	feed(g, 3, 1)
	expect(t, "first", take(first), "0/0", "1/0")
	expect(t, "second", take(second), "2/0")
	g.Ack(first, ids(0), 0)
	g.News()
	feed(g, 5, 1)
	expect(t, "the second goes on", take(second), "3/0", "4/0")
}

// TestPinnedKeepsAStreamTogether: one consumer has all events of a stream, in order, and keeps them when others come
// or go.
func TestPinnedKeepsAStreamTogether(t *testing.T) {
	t.Parallel()
	for strategy, keyOf := range map[group.Strategy]func(group.Delivery) string{
		group.Pinned:              func(d group.Delivery) string { return string(d.Record.Stream) },
		group.PinnedByCorrelation: func(d group.Delivery) string { return string(d.Record.Metadata) },
	} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			s := settings()
			s.Strategy, s.HistoryBufferSize = strategy, 200
			g := newGroup(s)
			consumers := []*group.Consumer{connect(t, g, 3), connect(t, g, 3), connect(t, g, 3), connect(t, g, 3)}
			owner, last := map[string]int{}, map[string]int64{}
			total, done := int64(150), 0
			run := func(until int) {
				for done < until {
					feed(g, total, 20)
					before := done
					for i, c := range consumers {
						for _, d := range c.Take() {
							key := keyOf(d)
							if had, there := owner[key]; there && (had != i || d.Number < last[key]) {
								t.Fatalf("event %d of %s went to %d, the one before to %d", d.Number, key, i, had)
							}
							owner[key], last[key] = i, d.Number
							done++
							g.Ack(c, ids(d.Number), 0)
						}
					}
					if done == before {
						t.Fatalf("stuck after %d events", done)
					}
				}
			}
			run(50)
			for key, i := range owner {
				if i == 3 {
					delete(owner, key)
				}
			}
			g.Disconnect(consumers[3], 0)
			consumers = slices.Delete(consumers, 3, 4)
			run(int(total))
		})
	}
}

// TestPinnedSharesStreamsOut: each new stream goes to the consumer that has the fewest, and one that comes gets its share.
func TestPinnedSharesStreamsOut(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Strategy = group.Pinned
	g := newGroup(s)
	first, second := connect(t, g, 9), connect(t, g, 9)
	feed(g, 5, 4)
	expect(t, "first", take(first), "0/0", "2/0", "4/0") // streams a and c
	expect(t, "second", take(second), "1/0", "3/0")
	third := connect(t, g, 9)
	g.News()
	feed(g, 9, 4)
	expect(t, "first has its share", take(first), "6/0", "8/0")
	expect(t, "second has its share", take(second), "5/0", "7/0")
	expect(t, "third has none", take(third))
	g.Disconnect(first, 0)
	expect(t, "third takes over", take(third), "0/1", "2/1", "4/1", "6/1", "8/1")
}

// TestPinnedMovesWhatIsAboveTheShare, and of that what has the fewest events in flight.
func TestPinnedMovesWhatIsAboveTheShare(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Strategy = group.Pinned
	g := newGroup(s)
	first := connect(t, g, 9)
	feed(g, 4, 4)
	expect(t, "first", take(first), "0/0", "1/0", "2/0", "3/0")
	g.Ack(first, ids(1, 3), 0)
	second := connect(t, g, 9)
	g.News()
	feed(g, 8, 4)
	expect(t, "first keeps a and c", take(first), "4/0", "6/0")
	expect(t, "second has b and d", take(second), "5/0", "7/0")
}
