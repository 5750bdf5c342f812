package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/feed"
	"am-user-management/internal/storeaccess"
)

// storeCheck looks at the event store before anything is written: what the service's account may, and whether the log
// is the one that the tables follow: a command must not be carried out on another one.
type storeCheck struct {
	patience patience
	address  string
	connect  func() (*esdb.Client, error)
	log      feed.Log
	pool     *pgxpool.Pool
	alone    bool
	logger   *slog.Logger
}

// run waits for a store that does not answer yet, and gives up at once where waiting would not help. An account that may
// delete is a warning only where the store is not in this process.
func (s storeCheck) run(ctx context.Context) error {
	// The client tries for minutes before it answers, and would say meanwhile only how that goes.
	err := s.patience.wait(ctx, "the event store", func(ctx context.Context) error { return esdbstore.Reach(ctx, s.address) })
	if err != nil {
		return err
	}
	client, err := s.connect()
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // always nil
	var refused error
	err = s.patience.wait(ctx, "the event store", func(ctx context.Context) error {
		rights, err := storeaccess.Probe(ctx, client)
		if err == nil {
			err = feed.SameLog(ctx, s.pool, s.log)
		}
		switch {
		case errors.Is(err, feed.ErrOtherLog):
			refused = fmt.Errorf("%w; if this store is a copy of the right one, run `userctl log rebase`; "+
				"if it is an older one, restore both from one backup (`userctl restore`)", err)
			return nil
		case errors.Is(err, storeaccess.ErrMayNotRead), errors.Is(err, storeaccess.ErrNotAdmitted):
			refused = err
			return nil
		case err != nil:
			return err
		}
		if (rights.Delete || rights.Truncate) && !s.alone {
			s.logger.WarnContext(ctx, "the account of EVENTSTORE_URL may destroy history; it needs to read and append only: "+
				"see `userctl store secure`", "may_delete", rights.Delete, "may_truncate", rights.Truncate)
		}
		return nil
	})
	return errors.Join(err, refused)
}
