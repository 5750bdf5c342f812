package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"am-user-management/internal/postgres"
)

// bench is one run: its folder, and what was started in it, to be ended in the opposite order.
type bench struct {
	options
	dir        string
	log        io.Writer
	endings    []func() error // of what serves the whole run
	goalEnds   []func() error // of what serves the present goal
	database   *postgres.Server
	pgPID      int
	service    *service
	serviceErr error
	sides      int
}

func newBench(o options, log io.Writer) (*bench, error) {
	dir, err := os.MkdirTemp("", "userbench")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, dir: dir, log: log}
	b.endings = []func() error{func() error { return os.RemoveAll(dir) }}
	// Postgres runs as another user when we are root, and has to get to its own folder.
	return b, os.Chmod(dir, 0o711) //nolint:gosec // it can be entered, not read
}

func (b *bench) close() error { return errors.Join(end(&b.goalEnds), end(&b.endings)) }

// end ends things, the last one first.
func end(endings *[]func() error) error {
	var failures []error
	for _, one := range slices.Backward(*endings) {
		failures = append(failures, one())
	}
	*endings = nil
	return errors.Join(failures...)
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.log, format+"\n", args...) }

// measure measures the goals in turn. What a goal failed with is its row's; only the end of ctx ends all.
func (b *bench) measure(ctx context.Context) ([]row, error) {
	var rows []row
	var failures []error
	for _, g := range goals() {
		if len(b.only) > 0 && !slices.Contains(b.only, g.name) {
			continue
		}
		b.say("%s: %s", g.name, g.what)
		found, err := g.measure(ctx, b)
		err = errors.Join(err, end(&b.goalEnds))
		rows = append(rows, found...)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", g.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return rows, errors.Join(failures...)
}

// postgres is the server of the run, started when first asked for, with the settings it has in `userd dev`. It
// returns the address of a database of that name.
func (b *bench) postgres(ctx context.Context, database string) (string, error) {
	if b.database == nil {
		server, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(b.dir, "postgres")})
		if err != nil {
			return "", err
		}
		b.database, b.pgPID = server, childNamed("postgres")
		b.endings = append(b.endings, func() error {
			ctx, cancel := context.WithTimeout(context.Background(), childStop)
			defer cancel()
			return server.Stop(ctx)
		})
	}
	return b.database.URL(database), b.database.EnsureDatabase(ctx, database)
}

// start starts a side in a child process, in a folder of its own.
func (b *bench) start(ctx context.Context, name string, s settings) (*child, error) {
	b.sides++
	s.Dir = filepath.Join(b.dir, fmt.Sprint("s", b.sides)) // short: sockets lie in it
	s.Profile = b.profile
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		return nil, err
	}
	c, err := startChild(ctx, name, s, b.log)
	if err != nil {
		return nil, err
	}
	b.goalEnds = append(b.goalEnds, func() error { return errors.Join(c.stop(), os.RemoveAll(s.Dir)) })
	return c, nil
}

// side is one of the two that are compared.
type side struct {
	pid  int
	work func(ctx context.Context, l load) (sample, error)
}

// pair starts two sides that work by themselves.
func (b *bench) pair(ctx context.Context, ours, bare string, s settings) (our, their side, err error) {
	first, err := b.start(ctx, ours, s)
	if err != nil {
		return our, their, err
	}
	second, err := b.start(ctx, bare, s)
	if err != nil {
		return our, their, err
	}
	return side{first.pid(), first.work}, side{second.pid(), second.work}, nil
}

// compared is what both sides did.
type compared struct{ ours, bare series }

// alternate has both sides work in turn under the same load, after a shorter turn of each that does not count.
func (b *bench) alternate(ctx context.Context, ours, bare side, l load) (compared, error) {
	var c compared
	warm := l
	warm.For /= 2
	for _, s := range []side{ours, bare} {
		if _, err := s.work(ctx, warm); err != nil {
			return c, err
		}
	}
	for range b.rounds {
		first, err := b.turn(ctx, ours, l)
		if err != nil {
			return c, err
		}
		second, err := b.turn(ctx, bare, l)
		if err != nil {
			return c, err
		}
		c.ours, c.bare = append(c.ours, first), append(c.bare, second)
	}
	return c, nil
}

func (b *bench) turn(ctx context.Context, s side, l load) (sample, error) {
	if err := quiet(ctx, b.patience); err != nil {
		return sample{}, err
	}
	before := now()
	done, err := s.work(ctx, l)
	if err != nil {
		return done, err
	}
	after := now()
	done.Server = after.byProcess[s.pid].own - before.byProcess[s.pid].own
	if b.pgPID != 0 {
		done.Postgres = treeTime(after.byProcess, b.pgPID) - treeTime(before.byProcess, b.pgPID)
	}
	done.Generator = after.byProcess[os.Getpid()].own - before.byProcess[os.Getpid()].own
	done.Foreign = foreign(before, after)
	return done, nil
}

const (
	quietLook  = 250 * time.Millisecond
	quietShare = 0.10
)

// quiet waits until other programs leave the machine to us, but no longer than patience.
func quiet(ctx context.Context, patience time.Duration) error {
	return lull(ctx, patience, foreign)
}

// idle waits until all programs leave the machine alone, ours too, but no longer than patience.
func idle(ctx context.Context, patience time.Duration) error {
	return lull(ctx, patience, func(from, to usage) float64 {
		return float64(to.busy-from.busy) / float64(to.at.Sub(from.at)*time.Duration(runtime.NumCPU()))
	})
}

// lull waits until the share of the machine that is taken is small.
func lull(ctx context.Context, patience time.Duration, taken func(from, to usage) float64) error {
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(quietLook)
	defer ticker.Stop()
	for last := now(); time.Now().Before(deadline); {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		next := now()
		if taken(last, next) < quietShare {
			return nil
		}
		last = next
	}
	return ctx.Err()
}
