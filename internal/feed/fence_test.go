package feed_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"am-user-management/internal/feed"
)

func TestPausedOwnerIsFencedOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	var fencedOff atomic.Bool
	paused := b.options(&counted{name: "a", after: func(context.Context, pgx.Tx, []int) error {
		select {
		case entered <- struct{}{}: // the first batch, whose rows are written but not committed
			<-leave // regardless of its context, like a process that is stopped
			fencedOff.Store(true)
		default:
		}
		return nil
	}})
	// It does not notice that its lease ends.
	paused.Timing.Renew, paused.Timing.Lease = time.Hour, time.Hour
	late, _ := b.run(t, paused)
	b.log.add(10)
	receive(t, entered)
	if _, err := b.pool.Exec(t.Context(), `UPDATE checkpoints SET lease_until = now()`); err != nil {
		t.Fatal(err)
	}
	f, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", at(9))
	b.check(t, "a", 10)

	close(leave)
	wait(t, late, "a", b.log.add(10))
	if !fencedOff.Load() {
		t.Fatal("the late batch never came")
	}
	b.check(t, "a", 20)
}

func TestTakeOverAfterACrash(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	// The owner that crashed: a row with a lease and nobody behind it.
	_, err := b.pool.Exec(t.Context(), `INSERT INTO checkpoints (projection, epoch, owner, lease_until)
		VALUES ('a', 7, 'gone', clock_timestamp() + interval '300 milliseconds')`)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	f, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", b.log.add(5))
	if waited := time.Since(began); waited < 200*time.Millisecond {
		t.Errorf("took over within a lease, after %s", waited)
	}
	if s := status(t, f, "a"); s.Epoch != 8 || s.Owner == "gone" {
		t.Errorf("status %+v", s)
	}
	b.check(t, "a", 5)
}

func TestDefaultTimingTakesOverWithinTenSeconds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	options := b.options(&counted{name: "a"})
	options.Timing = feed.Timing{}
	f, _ := b.run(t, options)
	wait(t, f, "a", b.log.add(1))
	var left time.Duration
	if err := b.pool.QueryRow(t.Context(), `SELECT lease_until - clock_timestamp() FROM checkpoints`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left > 9*time.Second || left < time.Second {
		t.Errorf("a crash leaves a lease of %s", left)
	}
}

// TestRandomLossOfTurns takes turns away, terminates connections and stops instances, all at random, while events
// are written: every one is applied once, in order.
func TestRandomLossOfTurns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	random := rand.New(rand.NewPCG(3, 4))
	f, stop := b.run(t, b.options(&counted{name: "a"}))
	other, _ := b.run(t, b.options(&counted{name: "a"}))
	last := b.log.add(10)
	for range 60 {
		last = b.log.add(1 + random.IntN(60))
		statement := ""
		switch random.IntN(4) {
		case 0:
			statement = `UPDATE checkpoints SET lease_until = now()`
		case 1:
			statement = `UPDATE checkpoints SET epoch = epoch + 1, lease_until = NULL`
		case 2:
			statement = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`
		case 3:
			stop()
			f, stop = b.run(t, b.options(&counted{name: "a"}))
		}
		if statement != "" {
			if _, err := b.pool.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if random.IntN(3) == 0 {
			wait(t, f, "a", last)
		}
	}
	wait(t, f, "a", last)
	wait(t, other, "a", last)
	b.check(t, "a", int(last.Commit/10))
}

// TestCommitWithoutAck: the transaction is committed, and then nobody is told. What comes again changes nothing.
func TestCommitWithoutAck(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := true
	options := b.options(&counted{name: "a", after: func(ctx context.Context, tx pgx.Tx, _ []int) error {
		if !first {
			return nil
		}
		first = false
		// The rows, and the checkpoint of this turn, are committed behind the feed's back: to the feed the commit is one
		// whose outcome it did not learn.
		_, err := tx.Exec(ctx, `UPDATE checkpoints SET commit_position = 50, prepare_position = 50`)
		if err == nil {
			err = tx.Commit(ctx)
		}
		return errors.Join(err, &feed.TransientError{Err: errors.New("connection lost")})
	}})
	options.Subscriber.MaxEvents = 5
	b.log.add(5)
	f, _ := b.run(t, options)
	wait(t, f, "a", at(4))
	wait(t, f, "a", b.log.add(5))
	b.check(t, "a", 10)
	if s := status(t, f, "a"); s.Epoch < 2 {
		t.Errorf("the turn went on without reading the row: epoch %d", s.Epoch)
	}
}

// TestCommitsLostInACrash: Postgres may lose the last commits of a pool that does not wait for the disk. Rows and
// checkpoint are lost together, and written again without any event coming to push them.
func TestCommitsLostInACrash(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, f, "a", b.log.add(10))
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, lose := range []string{
		`DELETE FROM counted WHERE n > 4`,
		`UPDATE checkpoints SET commit_position = 50, prepare_position = 50`,
	} {
		if _, err := tx.Exec(t.Context(), lose); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lost events were not applied again", func() bool {
		var rows int
		err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM counted`).Scan(&rows)
		return err == nil && rows == 9
	})
	b.check(t, "a", 10)
	wait(t, f, "a", at(9))
}

func TestNothingIsLeftBehind(t *testing.T) { // not parallel: it counts goroutines
	b := newBench(t)
	before := goleak.IgnoreCurrent()
	options := b.options(&counted{name: "a"}, &counted{name: "b"})
	options.Timing.Renew = time.Second // which is also how long the end of a turn may take
	f, stop := b.run(t, options)
	wait(t, f, "a", b.log.add(50))
	wait(t, f, "b", at(49))
	stop()
	var turns int
	err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM checkpoints WHERE lease_until > clock_timestamp()`).Scan(&turns)
	if err != nil || turns != 0 {
		t.Errorf("%d turns were kept: %v", turns, err)
	}
	goleak.VerifyNone(t, before)
}
