package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/commands"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/batches"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/feed"
)

// openStore is the event store for commands, behind a guard that runs as long as the store is open.
func (a *assembly) openStore(ctx context.Context, connect func() (*esdb.Client, error), short *batches.Client, reading feed.Log, pool *pgxpool.Pool, events *codec.Codec, log *slog.Logger) commands.Store {
	store := esdbstore.New(connect, events, esdbstore.Options{Batches: short})
	guard := feed.NewLogGuard(pool, reading, log)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	var guarding sync.WaitGroup
	guarding.Go(func() { guard.Run(running) })
	a.closers = append(a.closers, store.Close, func() error {
		stop()
		guarding.Wait()
		return nil
	})
	return guarded{store, guard}
}

// guarded lets commands neither read nor write a log that is not the right one.
type guarded struct {
	commands.Store
	guard *feed.LogGuard
}

// Load is the store's, unless the log is another.
func (s guarded) Load(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error) {
	if err := s.confirm(ctx); err != nil {
		return nil, err
	}
	return s.Store.Load(ctx, stream, from)
}

// Append is the store's, unless the log is another.
func (s guarded) Append(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft,
) (eventstore.Appended, []eventstore.Envelope, error) {
	if err := s.confirm(ctx); err != nil {
		return eventstore.Appended{}, nil, err
	}
	appended, envelopes, err := s.Store.Append(ctx, stream, expected, drafts)
	if err == nil {
		s.guard.Saw(appended.Position)
	}
	return appended, envelopes, err
}

func (s guarded) confirm(ctx context.Context) error {
	if err := s.guard.Confirm(ctx); err != nil {
		return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	return nil
}
