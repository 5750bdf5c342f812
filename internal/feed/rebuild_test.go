package feed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

// tally counts and adds up the events of each stream.
type tally struct {
	mu     sync.Mutex
	poison int              // an event that it cannot apply, -1 for none
	before func(upTo int64) // is told where a batch ends
	hold   func(ctx context.Context)
}

func newTally() *tally { return &tally{poison: -1} }

func (s *tally) Name() string             { return "tally" }
func (s *tally) Handles(kind string) bool { return kind == "test.counted.v1" }
func (s *tally) Columns() []string        { return []string{"stream", "position", "events", "total"} }

func (s *tally) cure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poison = -1
}

func (s *tally) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	s.mu.Lock()
	poison, before, hold := s.poison, s.before, s.hold
	s.mu.Unlock()
	if hold != nil {
		hold(ctx)
	}
	if before != nil {
		before(int64(batch[len(batch)-1].Position.Commit))
	}
	for _, e := range batch {
		n := e.Event.(number).n
		if n == poison {
			return errWrong
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO tally AS t (stream, position, events, total) VALUES ($1, $2, 1, $3)
			ON CONFLICT (stream) DO UPDATE SET position = $2, events = t.events + 1, total = t.total + $3 WHERE t.position < $2`,
			e.Stream, int64(e.Position.Commit), n)
		if err != nil {
			return err
		}
	}
	return nil
}

// tallied is the table as a text, and what the first events add up to.
func tallied(t *testing.T, b *bench, events int) (got, want []string) {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), `SELECT stream || ' ' || position || ' ' || events || ' ' || total FROM tally ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	count, total, last := map[string]int{}, map[string]int{}, map[string]uint64{}
	for n := range events {
		if stream := fmt.Sprintf("s-%d", n%16); typed(n) == "test.counted.v1" {
			count[stream]++
			total[stream] += n
			last[stream] = at(n).Commit
		}
	}
	for stream := range count {
		want = append(want, fmt.Sprint(stream, " ", last[stream], " ", count[stream], " ", total[stream]))
	}
	slices.Sort(want)
	return got, want
}

// checkTally fails unless the table is what the first events add up to.
func (b *bench) checkTally(t *testing.T, events int) {
	t.Helper()
	got, want := tallied(t, b, events)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func newTallyBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	_, err := b.pool.Exec(t.Context(),
		`CREATE TABLE tally (stream text PRIMARY KEY, position bigint NOT NULL, events int NOT NULL, total int NOT NULL, note text)`)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rebuilt rebuilds and waits for the end.
func rebuilt(t *testing.T, f *feed.Feed) feed.Rebuild {
	t.Helper()
	if err := f.Rebuild(t.Context(), "tally"); err != nil {
		t.Fatal(err)
	}
	return ended(t, f)
}

func ended(t *testing.T, f *feed.Feed) (last feed.Rebuild) {
	t.Helper()
	eventually(t, "the rebuild does not end", func() bool {
		if r := status(t, f, "tally").Rebuild; r != nil {
			last = *r
		}
		return !last.FinishedAt.IsZero()
	})
	return last
}

func TestRebuildPutsRightWhatDiffers(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	f, _ := b.run(t, b.options(newTally()))
	wait(t, f, "tally", b.log.add(2500))
	for _, statement := range []string{
		`UPDATE tally SET note = 'not of the log'`,
		`UPDATE tally SET total = total + 1 WHERE stream IN ('s-3', 's-4')`,
		`DELETE FROM tally WHERE stream = 's-5'`,
		`INSERT INTO tally VALUES ('nobody', 40, 1, 1)`,
	} {
		if _, err := b.pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if r := rebuilt(t, f); r.Repaired != 3 || r.Removed != 1 || r.Error != "" || r.Position != at(2499) {
		t.Errorf("rebuild %+v", r)
	}
	b.checkTally(t, 2500)
	if r := rebuilt(t, f); r.Repaired != 0 || r.Removed != 0 || r.Error != "" {
		t.Errorf("what was right was repaired: %+v", r)
	}
	var notes int
	if err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM tally WHERE note IS NOT NULL`).Scan(&notes); err != nil || notes != 15 {
		t.Errorf("%d rows kept what is not of the log, want 15, %v", notes, err)
	}
	wait(t, f, "tally", b.log.add(20))
	b.checkTally(t, 2520)
}

func TestRebuildWhileEventsCome(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	projection := newTally()
	f, _ := b.run(t, b.options(projection))
	wait(t, f, "tally", b.log.add(1500))
	if _, err := b.pool.Exec(t.Context(), `UPDATE tally SET total = -1`); err != nil {
		t.Fatal(err)
	}
	events := 1500
	done := make(chan struct{})
	projection.mu.Lock()
	added := 0
	projection.before = func(int64) { // whatever is applied, live or anew, more comes
		projection.mu.Lock()
		defer projection.mu.Unlock()
		if added < 40 {
			added++
			b.log.add(7)
		}
	}
	projection.mu.Unlock()
	go func() { defer close(done); ended(t, f) }()
	if err := f.Rebuild(t.Context(), "tally"); err != nil {
		t.Fatal(err)
	}
	<-done
	projection.mu.Lock()
	projection.before = nil
	events += 7 * added
	projection.mu.Unlock()
	wait(t, f, "tally", at(events-1))
	b.checkTally(t, events)
	if added == 0 {
		t.Error("nothing came meanwhile")
	}
}

// headLog tells of every look at the head, once it is armed, after the look.
type headLog struct {
	*fakeLog
	looked atomic.Pointer[func(nth int)]
	count  atomic.Int32
}

func (l *headLog) Head(ctx context.Context) (eventstore.Position, error) {
	head, err := l.fakeLog.Head(ctx)
	if looked := l.looked.Load(); looked != nil {
		(*looked)(int(l.count.Add(1)))
	}
	return head, err
}

func TestRebuildPutsRightWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	log := &headLog{fakeLog: b.log}
	options := b.options(newTally())
	options.Log = log
	f, _ := b.run(t, options)
	wait(t, f, "tally", b.log.add(64))
	if _, err := b.pool.Exec(t.Context(), `UPDATE tally SET total = -1`); err != nil {
		t.Fatal(err)
	}
	looked := func(nth int) {
		switch nth {
		case 2: // the table is made up to here, and goes on being written
			wait(t, f, "tally", b.log.add(16))
		case 3: // the last moments: who writes waits, who reads does not
			write := `SET LOCAL lock_timeout = '50ms'; UPDATE tally SET note = 'late' WHERE stream = 's-1'`
			err := pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), write)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "55P03") {
				t.Errorf("a writer did not wait: %v", err)
			}
			if rows, _ := tallied(t, b, 0); len(rows) != 16 {
				t.Errorf("a reader saw %d rows", len(rows))
			}
			log.looked.Store(nil)
		}
	}
	log.looked.Store(&looked)
	r := rebuiltWithoutLooking(t, b, f)
	if r.Error != "" || r.Repaired != 16 {
		t.Errorf("rebuild %+v", r)
	}
	b.checkTally(t, 80)
}

func TestWhatTheProjectorHasNotComeToIsNotWrong(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	projection := newTally()
	f, _ := b.run(t, b.options(projection))
	wait(t, f, "tally", b.log.add(40))
	if err := f.Pause("tally"); err != nil {
		t.Fatal(err)
	}
	b.log.add(40)
	if err := f.Rebuild(t.Context(), "tally"); err != nil {
		t.Fatal(err)
	}
	made := func() bool {
		var rows int
		err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM public_rebuild.tally WHERE position = $1`, int64(at(78).Commit)).Scan(&rows)
		return err == nil && rows == 1
	}
	eventually(t, "the table is not made", made)
	if err := f.Resume("tally"); err != nil {
		t.Fatal(err)
	}
	if r := ended(t, f); r.Repaired != 0 || r.Removed != 0 || r.Error != "" {
		t.Errorf("what came late was called wrong: %+v", r)
	}
	b.checkTally(t, 80)
}

func TestWhatAKilledRebuildLeftIsRemoved(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	_, err := b.pool.Exec(t.Context(), `
		CREATE TABLE public_rebuild.tally (LIKE tally); CREATE TABLE public_rebuild.other (LIKE tally); CREATE TABLE public_rebuild.finished (LIKE tally);
		INSERT INTO rebuilds (projection, owner, started_at, renewed_at, finished_at) VALUES
			('tally', 'killed', now(), now() - interval '1 minute', NULL), ('other', 'at work', now(), now() + interval '1 hour', NULL),
			('finished', 'done', now(), now(), now())`)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := b.run(t, b.options(newTally()))
	eventually(t, "it is still there", func() bool {
		var left string
		err := b.pool.QueryRow(t.Context(), `SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public_rebuild'`).Scan(&left)
		return err == nil && left == "other"
	})
	if r := status(t, f, "tally").Rebuild; r == nil || !r.Abandoned {
		t.Errorf("status %+v", r)
	}
}

func TestAFeedThatStopsEndsItsRebuild(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	projection := newTally()
	f, stop := b.run(t, b.options(projection))
	wait(t, f, "tally", b.log.add(40))
	entered := make(chan struct{})
	once := sync.OnceFunc(func() { close(entered) })
	projection.mu.Lock()
	projection.hold = func(ctx context.Context) { once(); <-ctx.Done() }
	projection.mu.Unlock()
	if err := f.Rebuild(t.Context(), "tally"); err != nil {
		t.Fatal(err)
	}
	<-entered
	stop()
	projection.mu.Lock()
	projection.hold = nil
	projection.mu.Unlock()
	f, _ = b.run(t, b.options(projection))
	if r := status(t, f, "tally").Rebuild; r == nil || r.Error != "the service stopped" {
		t.Errorf("rebuild %+v", r)
	}
	if r := rebuilt(t, f); r.Error != "" {
		t.Errorf("the next one: %+v", r)
	}
}

// rebuiltWithoutLooking is rebuilt for a log that counts looks at its head, as Status takes them.
func rebuiltWithoutLooking(t *testing.T, b *bench, f *feed.Feed) feed.Rebuild {
	t.Helper()
	if err := f.Rebuild(t.Context(), "tally"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rebuild does not end", func() bool {
		var over bool
		err := b.pool.QueryRow(t.Context(), `SELECT finished_at IS NOT NULL FROM rebuilds`).Scan(&over)
		return err == nil && over
	})
	return ended(t, f)
}

func TestParkedStreamIsLeftAloneUntilItIsRebuilt(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	projection := newTally()
	projection.poison = 21 // of stream s-5
	b.log.add(40)
	f, stop := b.run(t, b.options(projection))
	waitHalt(t, f, "tally")
	if err := f.Park(t.Context(), "tally", at(20)); !errors.Is(err, feed.ErrNotHalted) {
		t.Errorf("parking another event: %v", err)
	}
	eventually(t, "the halt is not in the row", func() bool { return f.Park(t.Context(), "tally", at(21)) == nil })
	more := b.log.add(40) // 53 and 69 are of s-5, too
	eventually(t, "it does not go on", func() bool {
		_, err := f.Positions().Wait(t.Context(), "tally", more)
		return err == nil
	})
	stop()

	f, _ = b.run(t, b.options(projection)) // another process knows it as well
	wait(t, f, "tally", b.log.add(20))
	got, want := tallied(t, b, 100)
	parked := slices.IndexFunc(got, func(row string) bool { return strings.HasPrefix(row, "s-5 ") })
	if got[parked] != fmt.Sprint("s-5 ", at(5).Commit, " 1 5") {
		t.Errorf("the parked row is %q", got[parked])
	}
	got[parked] = want[parked]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("other rows (-want +got)\n%s", diff)
	}
	s := status(t, f, "tally")
	if len(s.Parked) != 1 || s.Parked[0].Stream != "s-5" || s.Parked[0].Event != eventID(21) || s.Parked[0].Error != errWrong.Error() || s.Halt != nil {
		t.Errorf("status %+v", s)
	}

	if r := rebuilt(t, f); !strings.Contains(r.Error, eventID(21).String()) || !strings.Contains(r.Error, errWrong.Error()) {
		t.Errorf("a rebuild that fails does not say at what: %+v", r)
	}
	projection.cure()
	if r := rebuilt(t, f); r.Error != "" || r.Repaired != 1 {
		t.Errorf("rebuild %+v", r)
	}
	wait(t, f, "tally", b.log.add(40))
	b.checkTally(t, 140)
	if s := status(t, f, "tally"); len(s.Parked) != 0 {
		t.Errorf("still parked: %+v", s.Parked)
	}
}

func TestOnlyOneRebuildOfWhatCanBeRebuilt(t *testing.T) {
	t.Parallel()
	b := newTallyBench(t)
	projection := newTally()
	f, stop := b.run(t, b.options(projection, &counted{name: "a"}))
	wait(t, f, "tally", b.log.add(40))
	if err := f.Rebuild(t.Context(), "a"); !errors.Is(err, feed.ErrNotRebuildable) {
		t.Errorf("a projection without a table: %v", err)
	}
	if err := f.Rebuild(t.Context(), "nobody"); !errors.Is(err, feed.ErrUnknownProjection) {
		t.Errorf("no projection: %v", err)
	}
	entered, leave := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(entered) })
	projection.mu.Lock()
	projection.before = func(int64) { once(); <-leave }
	projection.mu.Unlock()
	if err := f.Rebuild(t.Context(), "tally"); err != nil {
		t.Fatal(err)
	}
	<-entered
	if err := f.Rebuild(t.Context(), "tally"); !errors.Is(err, feed.ErrRebuilding) {
		t.Errorf("a second one: %v", err)
	}
	if r := status(t, f, "tally").Rebuild; r == nil || !r.FinishedAt.IsZero() || r.Abandoned {
		t.Errorf("while it runs: %+v", r)
	}
	close(leave)
	ended(t, f)
	stop() // and a feed that has stopped leaves nothing behind
	var left bool
	if err := b.pool.QueryRow(t.Context(), `SELECT to_regclass('public_rebuild.tally') IS NOT NULL`).Scan(&left); err != nil || left {
		t.Errorf("the table that was made is still there: %t, %v", left, err)
	}
}
