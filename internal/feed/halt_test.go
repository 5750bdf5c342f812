package feed_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

var errWrong = errors.New("this event is wrong")

// waitHalt waits until a projection is seen to be halted, and returns why.
func waitHalt(t *testing.T, f *feed.Feed, projection string) feed.Halt {
	t.Helper()
	var halted *feed.HaltedError
	_, err := f.Positions().Wait(t.Context(), projection, eventstore.Position{Commit: 1 << 60})
	if !errors.As(err, &halted) || !errors.Is(err, feed.ErrHalted) {
		t.Fatalf("instead of a halt: %v", err)
	}
	return halted.Halt
}

func TestWrongEventHalts(t *testing.T) {
	t.Parallel()
	ways := map[string]func(b *bench, broken *atomic.Bool) *counted{
		"error": func(_ *bench, broken *atomic.Bool) *counted {
			return &counted{name: "a", before: func(_ context.Context, batch []int) error {
				if broken.Load() && slices.Contains(batch, 13) {
					return errWrong
				}
				return nil
			}}
		},
		"panic": func(_ *bench, broken *atomic.Bool) *counted {
			return &counted{name: "a", before: func(_ context.Context, batch []int) error {
				if broken.Load() && slices.Contains(batch, 13) {
					panic(errWrong)
				}
				return nil
			}}
		},
		"constraint": func(_ *bench, broken *atomic.Bool) *counted {
			return &counted{name: "a", after: func(ctx context.Context, tx pgx.Tx, batch []int) error {
				if broken.Load() && slices.Contains(batch, 13) {
					_, err := tx.Exec(ctx, `INSERT INTO checkpoints (projection) VALUES (NULL)`)
					return err
				}
				return nil
			}}
		},
		"decoding": func(b *bench, _ *atomic.Bool) *counted {
			b.decoder.refuse(13, &eventstore.UnknownTypeError{Type: "test.counted.v1", Version: 2})
			return &counted{name: "a"}
		},
	}
	for name, wrong := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			var broken atomic.Bool
			broken.Store(true)
			b.log.add(40)
			projections := []feed.Projection{wrong(b, &broken)}
			if name != "decoding" { // which is wrong for everybody
				projections = append(projections, &counted{name: "other"})
			}
			f, stop := b.run(t, b.options(projections...))

			halt := waitHalt(t, f, "a")
			if halt.Event != eventID(13) || halt.Position != at(13) || halt.Error == "" {
				t.Errorf("halted at %+v", halt)
			}
			b.check(t, "a", 13) // everything before it, one by one if need be
			if s := status(t, f, "a"); s.Halt == nil || s.Position != at(12) || s.Lag == 0 {
				t.Errorf("status %+v", s)
			}

			// Others go on, and other instances know.
			if len(projections) > 1 {
				wait(t, f, "other", at(39))
				b.check(t, "other", 40)
			}
			elsewhere, stopElsewhere := b.run(t, b.options(&counted{name: "a"}))
			if halt := waitHalt(t, elsewhere, "a"); halt.Event != eventID(13) || halt.Position != at(13) {
				t.Errorf("elsewhere halted at %+v", halt)
			}
			if s := status(t, elsewhere, "a"); s.Halt == nil || s.Active {
				t.Errorf("status elsewhere %+v", s)
			}
			stopElsewhere()

			// The event is still wrong.
			if err := f.Retry(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the event was not tried again", func() bool { return status(t, f, "a").Epoch > 2 })
			waitHalt(t, f, "a")

			// It is right.
			broken.Store(false)
			b.decoder.refuse(-1, nil)
			retryUntilPassed(t, f, at(39))
			b.check(t, "a", 40)
			if s := status(t, f, "a"); s.Halt != nil {
				t.Errorf("still halted: %+v", s.Halt)
			}
			if err := f.Retry(t.Context(), "a"); !errors.Is(err, feed.ErrNotHalted) {
				t.Errorf("retry of a projection that is not halted: %v", err)
			}
			stop()
		})
	}
}

// retryUntilPassed retries the projection "a", as an operator would, until it is at a position.
func retryUntilPassed(t *testing.T, f *feed.Feed, p eventstore.Position) {
	t.Helper()
	eventually(t, "it remains halted", func() bool {
		if err := f.Retry(t.Context(), "a"); err != nil && !errors.Is(err, feed.ErrNotHalted) {
			t.Fatal(err)
		}
		_, err := f.Positions().Wait(t.Context(), "a", p)
		return err == nil
	})
}

func TestSkip(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	broken := func(_ context.Context, batch []int) error {
		if slices.Contains(batch, 13) {
			return errWrong
		}
		return nil
	}
	b.log.add(40)
	f, stop := b.run(t, b.options(&counted{name: "a", before: broken}))
	waitHalt(t, f, "a")
	if err := f.Skip(t.Context(), "a", at(12)); !errors.Is(err, feed.ErrNotHalted) {
		t.Errorf("skipping another event: %v", err)
	}
	eventually(t, "the halt is not in the row", func() bool { return f.Skip(t.Context(), "a", at(13)) == nil })
	eventually(t, "it does not go on", func() bool {
		_, err := f.Positions().Wait(t.Context(), "a", at(39))
		return err == nil
	})
	stop()
	b.check(t, "a", 40, 13)
}

func TestSkipFromAnotherInstance(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.log.add(40)
	options := b.options(&counted{name: "a", before: func(_ context.Context, batch []int) error {
		if slices.Contains(batch, 13) {
			return errWrong
		}
		return nil
	}})
	f, _ := b.run(t, options)
	waitHalt(t, f, "a")
	elsewhere, _ := b.run(t, options)
	halt := waitHalt(t, elsewhere, "a")
	eventually(t, "the halt is not in the row",
		func() bool { return elsewhere.Skip(t.Context(), "a", halt.Position) == nil })
	eventually(t, "it does not go on", func() bool {
		_, err := elsewhere.Positions().Wait(t.Context(), "a", at(39))
		return err == nil
	})
	b.check(t, "a", 40, 13)
}

func TestEventThatFailsOnceDoesNotHalt(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 20} {
		b := newBench(t)
		failed := make(map[int]bool)
		options := b.options(&counted{name: "a", before: func(_ context.Context, batch []int) error {
			for _, n := range batch {
				if !failed[n] {
					failed[n] = true
					return errWrong
				}
			}
			return nil
		}})
		options.Subscriber.MaxEvents = size
		f, stop := b.run(t, options)
		b.log.add(1)
		wait(t, f, "a", at(0))
		stop()
		b.check(t, "a", 1)
	}
}

func TestBatchBoundaryInsideAnAppend(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	options := b.options(&counted{name: "a"})
	options.Subscriber.MaxEvents = 3
	f, stop := b.run(t, options)
	for range 10 {
		wait(t, f, "a", b.log.add(7)) // seven events that became visible at once
	}
	stop()
	b.check(t, "a", 70)
}

func TestTransient(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		want bool
	}{
		"nothing":             {nil, false},
		"any error":           {errWrong, false},
		"marked":              {&feed.TransientError{Err: errWrong}, true},
		"panic with deadline": {&feed.PanicError{Value: context.DeadlineExceeded}, false},
		"deadline":            {context.DeadlineExceeded, true},
		"store down":          {errors.Join(errWrong, eventstore.ErrUnavailable), true},
		"contention":          {eventstore.ErrConflict, true},
		"unknown type":        {&eventstore.UnknownTypeError{}, false},
		"busy":                {&domain.Error{Kind: domain.Unavailable}, true},
		"broken rule":         {domain.ErrInvalid, false},
	}
	for name, c := range cases {
		if got := feed.Transient(c.err); got != c.want {
			t.Errorf("%s: transient %v", name, got)
		}
	}
}

func TestDatabaseErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for statement, want := range map[string]bool{
		`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`: true,
		`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$`: true,
		`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53300'; END $$`: true,
		`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '08006'; END $$`: true,
		`SELECT pg_terminate_backend(pg_backend_pid())`:               true,
		`SELECT 1/0`:           false,
		`SELECT * FROM nobody`: false,
		`INSERT INTO checkpoints (projection) VALUES (NULL)`: false,
	} {
		_, err := b.pool.Exec(t.Context(), statement)
		if err == nil || feed.Transient(err) != want {
			t.Errorf("%s: %v, transient %v", statement, err, feed.Transient(err))
		}
	}
	config := b.pool.Config()
	config.ConnConfig.Host, config.ConnConfig.Port = "/nowhere", 1
	config.ConnConfig.Fallbacks = nil
	conn, err := pgx.ConnectConfig(t.Context(), config.ConnConfig)
	if err == nil {
		_ = conn.Close(t.Context())
	}
	if !feed.Transient(err) {
		t.Errorf("no server: %v", err)
	}
}
