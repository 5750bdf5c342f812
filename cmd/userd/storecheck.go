package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/storeaccess"
)

// checkStore looks at the event store before anything is written: what the service's account may, and whether the log
// is the one that the tables follow. It waits for a store that does not answer yet, and gives up at once where waiting
// would not help. An account that may delete is a warning only where the store is not in this process.
func checkStore(ctx context.Context, connect func() (*esdb.Client, error), pool *pgxpool.Pool, alone bool, log *slog.Logger) error {
	client, err := connect()
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // always nil
	var refused error
	err = patiently(ctx, log, "the event store", func(ctx context.Context) error {
		rights, err := storeaccess.Probe(ctx, client)
		if err == nil {
			err = sameLog(ctx, client, pool)
		}
		if errors.Is(err, storeaccess.ErrMayNotRead) || errors.Is(err, storeaccess.ErrNotAdmitted) || errors.Is(err, errOtherLog) {
			refused = err
			return nil
		}
		if err != nil {
			return err
		}
		if (rights.Delete || rights.Truncate) && !alone {
			log.WarnContext(ctx, "the account of EVENTSTORE_URL may destroy history; it needs to read and append only: "+
				"see `userctl store secure`", "may_delete", rights.Delete, "may_truncate", rights.Truncate)
		}
		return nil
	})
	return errors.Join(err, refused)
}

// errOtherLog: the tables follow another log.
var errOtherLog = errors.New("the event store and the tables do not belong together")

// sampled is how many accounts tell which log the tables follow. Their ids are as good as random.
const sampled = 8

// sameLog compares where the rows of some accounts stand with where the log has their events. In another store, or in
// one that was restored to an earlier day, they stand elsewhere or are missing: positions there mean nothing to the tables.
func sameLog(ctx context.Context, client *esdb.Client, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, `SELECT user_id, revision, position FROM accounts WHERE position > 0 ORDER BY user_id LIMIT $1`, sampled)
	if err != nil {
		return err
	}
	type row struct {
		User               [16]byte
		Revision, Position int64
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		return err
	}
	for _, r := range found {
		stream := account.StreamOf(domain.ID(r.User))
		at, there, err := positionOf(ctx, client, stream, uint64(r.Revision))
		switch {
		case err != nil:
			return fmt.Errorf("compare the tables with the log: %w", err)
		case !there:
			return fmt.Errorf("%w: it has no %s@%d, which they hold, so it is an older one, or another; "+
				"restore both from one backup (`userctl restore`)", errOtherLog, stream, r.Revision)
		case at != uint64(r.Position):
			return fmt.Errorf("%w: they hold %s@%d from position %d, and here it is at %d; if this store is a copy of theirs, "+
				"run `userctl log rebase`", errOtherLog, stream, r.Revision, r.Position, at)
		}
	}
	return nil
}

// positionOf is where an event stands in the log; false if it is not there.
func positionOf(ctx context.Context, client *esdb.Client, stream string, revision uint64) (uint64, bool, error) {
	read, err := client.ReadStream(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Forwards, From: esdb.Revision(revision)}, 1)
	if err != nil {
		return 0, false, err
	}
	defer read.Close()
	resolved, err := read.Recv()
	var fault *esdb.Error
	if errors.Is(err, io.EOF) || errors.As(err, &fault) && fault.IsErrorCode(esdb.ErrorCodeResourceNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	event := resolved.OriginalEvent()
	return event.Position.Commit, event.EventNumber == revision, nil
}
