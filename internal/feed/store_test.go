package feed_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/pgtest"
)

// raw passes events on as they are.
type raw struct{}

type rawEvent struct{ kind string }

func (e rawEvent) EventType() string { return e.kind }

func (raw) Decode(_ context.Context, records []eventstore.Recorded) ([]eventstore.Envelope, error) {
	envelopes := make([]eventstore.Envelope, len(records))
	for i, r := range records {
		envelopes[i] = eventstore.Envelope{
			ID: r.ID, Stream: r.Stream, Revision: r.Revision, Position: r.Position, Created: r.Created,
			Event: rawEvent{r.Type},
		}
	}
	return envelopes, nil
}

// applying is a projection made of a function.
type applying struct {
	name  string
	apply func(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error
}

func (a applying) Name() string        { return a.name }
func (a applying) Handles(string) bool { return true }

func (a applying) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	return a.apply(ctx, tx, batch)
}

// appended is the projection that lists what it gets, without a guard.
func appended(name string) applying {
	return applying{name, func(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
		rows := make([][]any, len(batch))
		for i, e := range batch {
			rows[i] = []any{e.ID, e.Stream, int64(e.Revision)}
		}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"appended"}, []string{"event", "stream", "revision"}, pgx.CopyFromRows(rows))
		return err
	}}
}

// store is a node, a client of its own for appending, and a database.
type store struct {
	node   *nodetest.Node
	client *esdb.Client
	log    *feed.EventStore
	pool   *pgxpool.Pool
	ids    []uuid.UUID
}

func newStore(tb testing.TB) *store {
	tb.Helper()
	s := &store{node: nodetest.Start(tb), pool: pgtest.New(tb)}
	s.log = feed.NewEventStore(func() (*esdb.Client, error) { return dial(s.node.Address) })
	client, err := dial(s.node.Address)
	if err != nil {
		tb.Fatal(err)
	}
	s.client = client
	tb.Cleanup(func() { _ = s.client.Close(); _ = s.log.Close() })
	_, err = s.pool.Exec(tb.Context(), `CREATE TABLE appended
		(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event uuid, stream text, revision bigint)`)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// append writes events of a type to a stream, all at once, again and again until the store has them.
func (s *store) append(tb testing.TB, stream, kind string, revision, count int) eventstore.Position {
	tb.Helper()
	events := make([]esdb.EventData, count)
	for i := range events {
		events[i] = esdb.EventData{
			EventID: uuid.New(), EventType: kind, ContentType: esdb.ContentTypeJson,
			Data: payload, Metadata: []byte(`{"schemaVersion":1}`),
		}
		s.ids = append(s.ids, events[i].EventID)
	}
	var expected esdb.ExpectedRevision = esdb.NoStream{}
	if revision > 0 {
		expected = esdb.Revision(uint64(revision - 1))
	}
	deadline := time.Now().Add(patience)
	for {
		result, err := s.client.AppendToStream(tb.Context(), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, events...)
		if err == nil {
			return eventstore.Position{Commit: result.CommitPosition, Prepare: result.PreparePosition}
		}
		if time.Now().After(deadline) {
			tb.Fatal(err)
		}
		<-time.After(time.Millisecond)
	}
}

// payload is as long as an event of an account.
var payload, _ = json.Marshal(map[string]string{"text": string(make([]byte, 60))})

func (s *store) options(projections ...feed.Projection) feed.Options {
	o := feed.Options{Log: s.log, Decoder: raw{}, Pool: s.pool, Timing: brisk, LongestWait: patience, Close: time.Second}
	for _, p := range projections {
		o.Consumers = append(o.Consumers, feed.Consumer{Projection: p})
	}
	return o
}

func (s *store) check(t *testing.T, want []uuid.UUID) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT event FROM appended ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		t.Fatal(err)
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("event %d is %s, not %s", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d events instead of %d", len(got), len(want))
	}
}

// TestRestartOfTheStore restarts the store between, and while, events are written.
func TestRestartOfTheStore(t *testing.T) {
	t.Parallel()
	s, b := newStore(t), &bench{}
	f, stop := b.run(t, s.options(appended("a")))
	var last eventstore.Position
	for round := range 5 {
		restarted := make(chan struct{})
		go func() { s.node.Restart(); close(restarted) }()
		for i := range 20 {
			last = s.append(t, "s-"+strconv.Itoa(round), "test.counted.v1", i*3, 3)
		}
		receive(t, closed(restarted))
	}
	wait(t, f, "a", last)
	last = s.append(t, "after", "test.counted.v1", 0, 1)
	wait(t, f, "a", last)
	if st := status(t, f, "a"); st.Head != last || st.Lag != 0 || st.SecondsBehind != 0 {
		t.Errorf("status %+v, the last event is at %v", st, last)
	}
	stop()
	s.check(t, s.ids)
}

func TestLagIsMeasuredAgainstTheStore(t *testing.T) {
	t.Parallel()
	s, b := newStore(t), &bench{}
	f, _ := b.run(t, s.options(appended("a")))
	first := s.append(t, "s-1", "test.counted.v1", 0, 1)
	wait(t, f, "a", first)
	if err := f.Pause("a"); err != nil {
		t.Fatal(err)
	}
	s.append(t, "s-1", "test.counted.v1", 1, 1)
	last := s.append(t, "s-1", "test.counted.v1", 2, 1)
	// The store's own events are nobody's lag.
	if _, err := s.client.SetStreamMetadata(t.Context(), "s-1", esdb.AppendToStreamOptions{}, esdb.StreamMetadata{}); err != nil {
		t.Fatal(err)
	}
	st := status(t, f, "a")
	if st.Position != first || st.Head != last || st.Lag != last.Commit-first.Commit || st.SecondsBehind <= 0 || st.SecondsBehind > 60 {
		t.Errorf("status %+v; events at %v and %v", st, first, last)
	}
	if err := f.Resume("a"); err != nil {
		t.Fatal(err)
	}
	wait(t, f, "a", last)
	if st := status(t, f, "a"); st.Lag != 0 || st.SecondsBehind != 0 {
		t.Errorf("status %+v", st)
	}
}

func TestEmptyStore(t *testing.T) {
	t.Parallel()
	s, b := newStore(t), &bench{}
	options := s.options(appended("a"))
	options.Consumers[0].StartAtEnd = true
	f, _ := b.run(t, options)
	eventually(t, "it never began", func() bool { return status(t, f, "a").Active })
	if st := status(t, f, "a"); st.Lag != 0 || st.Halt != nil {
		t.Errorf("status %+v", st)
	}
	wait(t, f, "a", s.append(t, "s-1", "test.counted.v1", 0, 2))
	s.check(t, s.ids)
}
