package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/feed"
	"am-user-management/projections"
)

// measureG9 compares how fast a table is made again from the log with the least that moves events into rows. Every
// event is another user's.
func measureG9(ctx context.Context, b *bench) ([]row, error) {
	database, err := b.postgres(ctx, "catch_up")
	if err != nil {
		return nil, err
	}
	ours, bare, err := b.pair(ctx, "feed-catch-up", "bare-catch-up", settings{Postgres: database, Events: b.events})
	if err != nil {
		return nil, err
	}
	c, err := b.alternate(ctx, ours, bare, load{Callers: 1, For: b.seconds})
	if err != nil {
		return nil, err
	}
	return []row{ratio("G9", fmt.Sprintf("%d events", b.events), c, 0.50, 0.80)}, nil
}

// openFeedCatchUp makes the table of profiles again, as after TRUNCATE: keys, rows and checkpoint from nothing.
func openFeedCatchUp(ctx context.Context, s settings) (*subject, error) {
	p, err := openProjecting(ctx, s, s.Events)
	if err != nil {
		return nil, err
	}
	return &subject{close: p.close, work: func(ctx context.Context, _ load) (sample, error) {
		if _, err := p.pool.Exec(ctx, `TRUNCATE profiles, checkpoints`); err != nil {
			return sample{}, err
		}
		start := time.Now()
		following, err := p.follow(ctx)
		if err != nil {
			return sample{}, err
		}
		err = following.reach(ctx, p.head)
		elapsed := time.Since(start)
		return sample{Ops: uint64(s.Events), Elapsed: elapsed}, errors.Join(err, following.stop())
	}}, nil
}

// projecting is a node with profiles in its log, and a database to project them into.
type projecting struct {
	node *runningNode
	log  *feed.EventStore
	pool *pgxpool.Pool
	head eventstore.Position
}

func openProjecting(ctx context.Context, s settings, people int) (*projecting, error) {
	pool, err := migrated(ctx, s.Postgres)
	if err != nil {
		return nil, err
	}
	p := &projecting{pool: pool}
	if p.node, err = startNode(s.Dir); err != nil {
		pool.Close()
		return nil, err
	}
	p.log = feed.NewEventStore(func() (*esdb.Client, error) { return esdbstore.Connect(p.node.address, nil) })
	c, err := newCodec(ctx, pool, benchKEK())
	if err == nil {
		err = makeProfiles(ctx, c, p.node.Node, people)
	}
	if err == nil {
		p.head, err = p.log.Head(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *projecting) close() error {
	p.pool.Close()
	return errors.Join(p.log.Close(), p.node.close())
}

// following is the projection of profiles, running.
type following struct {
	feed *feed.Feed
	stop func() error
}

// profiles is the projection that is measured.
const profiles = "profiles"

// follow starts the projection with a codec of its own, so that every run looks up the keys anew.
func (p *projecting) follow(ctx context.Context) (*following, error) {
	c, err := newCodec(ctx, p.pool, benchKEK())
	if err != nil {
		return nil, err
	}
	all := projections.All()
	i := slices.IndexFunc(all, func(one projections.Projection) bool { return one.Name() == profiles })
	if i < 0 {
		return nil, errors.New("there is no projection of profiles")
	}
	f, err := feed.New(ctx, feed.Options{Log: p.log, Decoder: c, Pool: p.pool, Consumers: []feed.Consumer{{Projection: all[i]}}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return &following{feed: f, stop: func() error { cancel(); return <-done }}, nil
}

// reach waits for a position, longer than a reader may wait.
func (f *following) reach(ctx context.Context, position eventstore.Position) error {
	for {
		_, err := f.feed.Positions().Wait(ctx, profiles, position)
		var behind *feed.BehindError
		if !errors.As(err, &behind) || ctx.Err() != nil {
			return err
		}
	}
}

// openBareCatchUp follows a log in memory over gRPC with the prototype.
func openBareCatchUp(ctx context.Context, s settings) (*subject, error) {
	pool, err := openPool(ctx, s.Postgres)
	if err != nil {
		return nil, err
	}
	log := newTail()
	for i := range s.Events {
		data, err := bareEvent(person(i))
		if err != nil {
			pool.Close()
			return nil, err
		}
		log.add(uint64(i)+1, data)
	}
	conn, stop, err := (&bareStore{log: log}).serve("unix", filepath.Join(s.Dir, "bare.sock"))
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &subject{
		close: func() error { pool.Close(); return stop() },
		work: func(ctx context.Context, _ load) (sample, error) {
			p, err := newPrototype(ctx, pool, conn)
			if err != nil {
				return sample{}, err
			}
			start := time.Now()
			err = p.run(ctx, uint64(s.Events))
			return sample{Ops: uint64(s.Events), Elapsed: time.Since(start)}, err
		},
	}, nil
}
