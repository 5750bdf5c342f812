package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
)

// lagRates are how many commands a second readers follow; mostLag is what p99 must not pass, in milliseconds.
const (
	fewCommands, manyCommands = 500, 2_000
	mostLag, lagOfPrototype   = 10, 4
)

// measureG10 measures how long after its acknowledgement an append is visible in the table, with one projector.
func measureG10(ctx context.Context, b *bench) ([]row, error) {
	database, err := b.postgres(ctx, "visibility")
	if err != nil {
		return nil, err
	}
	ours, bare, err := b.pair(ctx, "feed-visibility", "bare-visibility", settings{Postgres: database})
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, rate := range []int{fewCommands, manyCommands} {
		c, err := b.alternate(ctx, ours, bare, load{Callers: b.conns, For: b.seconds, Rate: float64(rate)})
		if err != nil {
			return rows, err
		}
		p99, bareP99 := c.ours.median(sample.p99), c.bare.median(sample.p99)
		rows = append(rows, row{
			goal: "G10", load: fmt.Sprintf("%d/s", rate), compared: c, figure: p99, unit: " ms",
			bound: bound{must: mostLag, aim: lagOfPrototype * bareP99, atMost: true},
			note:  fmt.Sprintf("p99; %.1fx of the prototype's", quotient(p99, bareP99)),
		})
	}
	return rows, nil
}

// perCaller is how many people each caller writes to in turn.
const perCaller = 10

// openFeedVisibility appends as the service does, and waits for the projection.
func openFeedVisibility(ctx context.Context, s settings) (*subject, error) {
	const people = 512 * perCaller
	p, err := openProjecting(ctx, s, people)
	if err != nil {
		return nil, err
	}
	c, err := newCodec(ctx, p.pool, benchKEK())
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	log := esdbstore.New(func() (*esdb.Client, error) { return esdbstore.Connect(p.node.address, nil) }, c, esdbstore.Options{})
	following, err := p.follow(ctx)
	if err == nil {
		err = following.reach(ctx, p.head)
	}
	if err != nil {
		return nil, errors.Join(err, log.Close(), p.close())
	}
	revisions, turns := make([]int64, people), make([]int, people/perCaller)
	return &subject{
		close: func() error { return errors.Join(following.stop(), log.Close(), p.close()) },
		work: func(ctx context.Context, l load) (sample, error) {
			if l.Callers*perCaller > people {
				return sample{}, fmt.Errorf("at most %d callers", people/perCaller)
			}
			return drive(ctx, l, func(ctx context.Context, caller int) (time.Duration, error) {
				n := caller*perCaller + turns[caller]%perCaller
				turns[caller]++
				at, err := appendBio(ctx, log, person(n), revisions[n])
				if err != nil {
					return 0, err
				}
				revisions[n]++
				acknowledged := time.Now()
				err = following.reach(ctx, at)
				return time.Since(acknowledged), err
			})
		},
	}, nil
}

func appendBio(ctx context.Context, log *esdbstore.Store, user domain.ID, revision int64) (eventstore.Position, error) {
	bio := domain.NewPersonal(fmt.Sprintf("%s, the %d. edition", bareUser(user).Bio, revision))
	appended, _, err := log.Append(ctx, profile.StreamOf(user), eventstore.Expected(revision), []eventstore.Draft{
		draftOf(user, profile.ProfileUpdated{UserID: user, Bio: &bio, UpdatedAt: time.Now().UTC().Truncate(time.Microsecond)}),
	})
	return appended.Position, err
}

// openBareVisibility appends to the bare store, and waits for the prototype.
func openBareVisibility(ctx context.Context, s settings) (*subject, error) {
	pool, err := openPool(ctx, s.Postgres)
	if err != nil {
		return nil, err
	}
	db, err := openPebble(s.Dir)
	if err != nil {
		pool.Close()
		return nil, err
	}
	conn, stop, err := (&bareStore{db: db, log: newTail()}).serve("unix", filepath.Join(s.Dir, "bare.sock"))
	if err != nil {
		pool.Close()
		return nil, errors.Join(err, db.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	p, err := newPrototype(ctx, pool, conn)
	if err != nil {
		cancel()
		pool.Close()
		return nil, errors.Join(err, stop(), db.Close())
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.run(ctx, 1<<62) // wait returns it
	}()
	return &subject{
		close: func() error {
			cancel()
			<-ended
			pool.Close()
			return errors.Join(stop(), db.Close())
		},
		work: func(ctx context.Context, l load) (sample, error) {
			return drive(ctx, l, func(ctx context.Context, caller int) (time.Duration, error) {
				user := person(caller)
				data, err := bareEvent(user)
				if err != nil {
					return 0, err
				}
				at, err := appendTo(ctx, conn, profile.StreamOf(user), data)
				if err != nil {
					return 0, err
				}
				acknowledged := time.Now()
				err = p.wait(ctx, at)
				return time.Since(acknowledged), err
			})
		},
	}, nil
}
