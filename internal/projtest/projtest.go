// Package projtest checks the promise that every projection makes: its rows depend on the events alone, not on how
// often they came or how the batches were cut. It imports eventstore, pgx and pgtest.
package projtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// Projection is what is checked.
type Projection interface {
	Name() string // of the table
	Handles(eventType string) bool
	Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error
}

// Log numbers events the way a store does: revisions per stream, positions over all streams.
type Log struct {
	events    []eventstore.Envelope
	revisions map[string]uint64
}

// began is when the first event of a Log was stored; each later one is a second younger.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Append adds events to a stream and returns them as recorded.
func (l *Log) Append(stream string, events ...domain.Event) []eventstore.Envelope {
	if l.revisions == nil {
		l.revisions = make(map[string]uint64)
	}
	for _, event := range events {
		n := uint64(len(l.events) + 1)
		l.events = append(l.events, eventstore.Envelope{
			ID: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, n)), Stream: stream, Revision: l.revisions[stream],
			Position: eventstore.Position{Commit: n * 100, Prepare: n * 100},
			Created:  began.Add(time.Duration(n) * time.Second), Event: event,
		})
		l.revisions[stream]++
	}
	return l.events[len(l.events)-len(events):]
}

// Events returns everything appended, in the order of the log.
func (l *Log) Events() []eventstore.Envelope { return l.events }

// Stream returns the events of one stream from a revision on.
func (l *Log) Stream(stream string, from uint64) []eventstore.Envelope {
	var events []eventstore.Envelope
	for _, event := range l.events {
		if event.Stream == stream && event.Revision >= from {
			events = append(events, event)
		}
	}
	return events
}

// Row is a row as a JSON object.
type Row = map[string]any

// Rows returns the rows of a table, ordered by their text.
func Rows(tb testing.TB, pool *pgxpool.Pool, table string) []Row {
	tb.Helper()
	found, err := pool.Query(tb.Context(), fmt.Sprintf("SELECT to_jsonb(t)::text FROM %s t ORDER BY t::text", pgx.Identifier{table}.Sanitize()))
	if err != nil {
		tb.Fatal(err)
	}
	texts, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	rows := make([]Row, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &rows[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return rows
}

// Apply applies one batch in a transaction of its own.
func Apply(tb testing.TB, pool *pgxpool.Pool, p Projection, batch []eventstore.Envelope) {
	tb.Helper()
	err := pgx.BeginFunc(tb.Context(), pool, func(tx pgx.Tx) error { return p.Apply(tb.Context(), tx, batch) })
	if err != nil {
		tb.Fatalf("%s: %v", p.Name(), err)
	}
}

// randomSchedules is how many random ways of delivery Redelivery tries.
const randomSchedules = 8

// Redelivery delivers the log once, doubled, one by one, again from the start, and cut and repeated at random; every
// time the rows must come out alike, and there must be some. It empties the table before and between, and returns
// the rows.
func Redelivery(t *testing.T, pool *pgxpool.Pool, p Projection, log []eventstore.Envelope) []Row {
	t.Helper()
	schedules := map[string][][]eventstore.Envelope{
		"doubled":              {log, log},
		"one by one":           oneByOne(log, 1),
		"one by one, doubled":  oneByOne(log, 2),
		"again from the start": append([][]eventstore.Envelope{log}, oneByOne(log, 1)...),
	}
	for seed := range uint64(randomSchedules) {
		schedules[fmt.Sprintf("random, seed %d", seed)] = random(log, rand.New(rand.NewPCG(seed, 0)))
	}
	want := deliver(t, pool, p, [][]eventstore.Envelope{log})
	if len(want) == 0 {
		t.Fatalf("%s: the log gives no rows, so nothing is checked", p.Name())
	}
	for name, schedule := range schedules {
		if diff := cmp.Diff(want, deliver(t, pool, p, schedule)); diff != "" {
			t.Errorf("%s: delivered %s, the rows differ from those of one delivery (-once +now):\n%s", p.Name(), name, diff)
		}
	}
	return want
}

func deliver(t *testing.T, pool *pgxpool.Pool, p Projection, schedule [][]eventstore.Envelope) []Row {
	t.Helper()
	if _, err := pool.Exec(t.Context(), "TRUNCATE "+pgx.Identifier{p.Name()}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	for _, batch := range schedule {
		Apply(t, pool, p, batch)
	}
	return Rows(t, pool, p.Name())
}

// oneByOne delivers every event alone, each so many times in a row.
func oneByOne(log []eventstore.Envelope, times int) [][]eventstore.Envelope {
	var schedule [][]eventstore.Envelope
	for i := range log {
		for range times {
			schedule = append(schedule, log[i:i+1])
		}
	}
	return schedule
}

// random cuts the log anywhere and goes back now and then, as a projector does that lost its last checkpoint.
func random(log []eventstore.Envelope, r *rand.Rand) [][]eventstore.Envelope {
	var schedule [][]eventstore.Envelope
	for next := 0; next < len(log); {
		from := next
		if r.IntN(3) == 0 {
			from = r.IntN(next + 1)
		}
		to := from + 1 + r.IntN(len(log)-from)
		if r.IntN(2) == 0 {
			to = min(to, from+1+r.IntN(3))
		}
		schedule = append(schedule, log[from:to])
		next = max(next, to)
	}
	return schedule
}
