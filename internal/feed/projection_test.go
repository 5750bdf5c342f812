package feed_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
	"am-user-management/internal/pgtest"
)

// number is the only event of these tests.
type number struct{ n int }

func (number) EventType() string { return "test.counted.v1" }

// numbers decodes the events of the fake log; it fails for those it is told to.
type numbers struct {
	mu    sync.Mutex
	wrong map[int]error
}

func (d *numbers) refuse(n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong = map[int]error{n: err}
}

func (d *numbers) Decode(_ context.Context, records []eventstore.Recorded) ([]eventstore.Envelope, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	envelopes := make([]eventstore.Envelope, len(records))
	for i, r := range records {
		var n int
		if _, err := fmt.Sscan(string(r.Data), &n); err != nil {
			return nil, err
		}
		if err := d.wrong[n]; err != nil {
			return nil, err
		}
		envelopes[i] = eventstore.Envelope{
			ID: r.ID, Stream: r.Stream, Revision: r.Revision, Position: r.Position, Created: r.Created, Event: number{n},
		}
	}
	return envelopes, nil
}

// counted writes one row for every event, without a guard: an event applied twice is two rows.
type counted struct {
	name   string
	before func(ctx context.Context, batch []int) error
	after  func(ctx context.Context, tx pgx.Tx, batch []int) error
}

func (c *counted) Name() string             { return c.name }
func (c *counted) Handles(kind string) bool { return kind == "test.counted.v1" }

func (c *counted) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	events := make([]int, len(batch))
	for i, envelope := range batch {
		events[i] = envelope.Event.(number).n
	}
	if c.before != nil {
		if err := c.before(ctx, events); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO counted (projection, n) SELECT $1, n FROM unnest($2::bigint[]) WITH ORDINALITY AS u (n, o) ORDER BY o`,
		c.name, events)
	if err == nil && c.after != nil {
		err = c.after(ctx, tx, events)
	}
	return err
}

// bench is a database, a log and what is needed to run feeds on them.
type bench struct {
	pool    *pgxpool.Pool
	log     *fakeLog
	decoder *numbers
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{pool: pgtest.New(t), log: newFakeLog(), decoder: &numbers{}}
	_, err := b.pool.Exec(t.Context(),
		`CREATE TABLE counted (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, projection text, n bigint)`)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// brisk keeps turns so that a test need not wait long for one.
var brisk = feed.Timing{Lease: 2 * time.Second, Renew: 20 * time.Millisecond, Standby: 5 * time.Millisecond, Flush: time.Millisecond}

func (b *bench) options(projections ...feed.Projection) feed.Options {
	o := feed.Options{
		Log: b.log, Decoder: b.decoder, Pool: b.pool, Timing: brisk, LongestWait: patience,
		Subscriber: feed.SubscriberOptions{MaxEvents: 20, Nacked: quick.Nacked, Dropped: quick.Dropped},
		Close:      time.Second,
	}
	for _, p := range projections {
		o.Consumers = append(o.Consumers, feed.Consumer{Projection: p})
	}
	return o
}

// run runs a feed until stop is called or the test ends.
func (b *bench) run(t *testing.T, options feed.Options) (running *feed.Feed, stop func()) {
	t.Helper()
	f, err := feed.New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, done); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return f, stop
}

// wait waits for a projection to reach a position.
func wait(t *testing.T, f *feed.Feed, projection string, p eventstore.Position) {
	t.Helper()
	if _, err := f.Positions().Wait(t.Context(), projection, p); err != nil {
		t.Fatal(err)
	}
}

// check fails unless a projection's rows are those of replaying the first events one by one, without some.
func (b *bench) check(t *testing.T, projection string, events int, without ...int) {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), `SELECT n FROM counted WHERE projection = $1 ORDER BY id`, projection)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	skip := func() {
		for next < events && (typed(next) != "test.counted.v1" || len(without) > 0 && without[0] == next) {
			if len(without) > 0 && without[0] == next {
				without = without[1:]
			}
			next++
		}
	}
	for _, n := range got {
		if skip(); n != next {
			t.Fatalf("%s: event %d was applied where %d was due", projection, n, next)
		}
		next++
	}
	if skip(); next != events {
		t.Fatalf("%s: %d events were applied of %d", projection, next, events)
	}
}

func status(t *testing.T, f *feed.Feed, projection string) feed.Status {
	t.Helper()
	all, err := f.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Projection == projection {
			return s
		}
	}
	t.Fatal("no such projection")
	return feed.Status{}
}

// eventually waits until something that nothing announces is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !so() {
		select {
		case <-deadline:
			t.Fatal(what)
		case <-time.After(time.Millisecond):
		}
	}
}

func TestEveryEventOnceInOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dropped := make(map[int]bool)
	b.log.drop = func(index int) bool { // once at every event
		drop := !dropped[index]
		dropped[index] = true
		return drop
	}
	flaky := 0
	f, stop := b.run(t, b.options(&counted{name: "a", before: func(context.Context, []int) error {
		if flaky++; flaky%3 == 0 {
			return &feed.TransientError{Err: errors.New("now and then")}
		}
		return nil
	}}))
	wait(t, f, "a", b.log.add(300))
	wait(t, f, "a", b.log.add(1))
	b.check(t, "a", 301)
	s := status(t, f, "a")
	if s.Position != at(300) || s.Lag != 0 || s.SecondsBehind != 0 || s.Halt != nil || !s.Active || s.Epoch != 1 || s.Events != 301-30 { // every tenth is not its own
		t.Errorf("status %+v", s)
	}
	stop()
	b.log.add(50)
	f, _ = b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", at(350))
	b.check(t, "a", 351)
}

func TestIgnoredEventsMoveThePosition(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f, stop := b.run(t, b.options(&counted{name: "a"}))
	b.log.add(9)
	wait(t, f, "a", b.log.add(1)) // number 9 is ignored
	elsewhere, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, elsewhere, "a", at(9))
	b.log.checkpoint(at(99))
	wait(t, f, "a", at(99))
	wait(t, elsewhere, "a", at(99))
	stop()
	b.check(t, "a", 10)
}

func TestStartAtEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.log.add(20)
	options := b.options(&counted{name: "saga"})
	options.Consumers[0].StartAtEnd = true
	f, stop := b.run(t, options)
	wait(t, f, "saga", at(19))
	stop()
	b.log.add(5)
	f, _ = b.run(t, options)
	wait(t, f, "saga", at(24))
	var first, count int
	if err := b.pool.QueryRow(t.Context(), `SELECT min(n), count(*) FROM counted`).Scan(&first, &count); err != nil {
		t.Fatal(err)
	}
	if first != 20 || count != 5 {
		t.Errorf("%d events from %d on", count, first)
	}
}

func TestTwoInstancesOnOneName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var feeds []*feed.Feed
	var stops []func()
	for range 3 {
		f, stop := b.run(t, b.options(&counted{name: "a"}))
		feeds, stops = append(feeds, f), append(stops, stop)
	}
	for round := range 3 {
		last := b.log.add(100)
		for _, f := range feeds[round:] { // also where it is not active
			wait(t, f, "a", last)
		}
		active := 0
		for _, f := range feeds[round:] {
			if status(t, f, "a").Active {
				active++
			}
		}
		if active > 1 {
			t.Errorf("%d instances are active", active)
		}
		stops[round]()
	}
	b.check(t, "a", 300)
}

func TestCloseFinishesTheBatch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	options := b.options(&counted{name: "a", before: func(ctx context.Context, _ []int) error {
		entered <- struct{}{}
		<-leave
		return ctx.Err()
	}})
	options.Close = patience
	_, stop := b.run(t, options)
	b.log.add(1)
	receive(t, entered)
	done := make(chan struct{})
	go func() { stop(); close(done) }()
	select {
	case <-done:
		t.Error("stopped while a batch was applied")
	case <-time.After(20 * time.Millisecond):
	}
	close(leave)
	receive(t, closed(done))
	b.check(t, "a", 1)
}

func TestNoConsumers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f, stop := b.run(t, b.options())
	receive(t, closed(f.Running()))
	stop()
}

func TestNamesAreDistinct(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, names := range [][]string{{"a", "a"}, {""}} {
		options := b.options()
		for _, name := range names {
			options.Consumers = append(options.Consumers, feed.Consumer{Projection: &counted{name: name}})
		}
		if _, err := feed.New(t.Context(), options); err == nil {
			t.Errorf("names %q were taken", names)
		}
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", b.log.add(5))
	if err := f.Pause("a"); err != nil {
		t.Fatal(err)
	}
	last := b.log.add(5)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var behind *feed.BehindError
	if current, err := f.Positions().Wait(ctx, "a", last); !errors.As(err, &behind) || current != at(4) {
		t.Errorf("a paused projection went to %v, %v", current, err)
	}
	if s := status(t, f, "a"); !s.Paused || s.Lag == 0 || s.SecondsBehind <= 0 {
		t.Errorf("status %+v", s)
	}
	if err := f.Resume("a"); err != nil {
		t.Fatal(err)
	}
	wait(t, f, "a", last)
	if err := f.Pause("b"); !errors.Is(err, feed.ErrUnknownProjection) {
		t.Error(err)
	}
}
