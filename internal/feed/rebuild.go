package feed

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
)

// Rebuildable is a Projection that writes one table, of its own name, by events alone. Apply names the table without
// its schema: where the search_path leads to another table of that name, that one is written.
type Rebuildable interface {
	Projection
	// Columns are what it writes of each row: the key, which is unique, and the rest. One is "position", the place in the
	// log of the last event in the row.
	Columns() []string
}

// Rebuild is how the last rebuild of a projection went.
type Rebuild struct {
	StartedAt time.Time
	// Position is how far it came in the log.
	Position eventstore.Position
	// FinishedAt is zero while it runs. Abandoned tells that whoever ran it is gone: it is to be asked for again.
	FinishedAt time.Time
	Abandoned  bool
	// Repaired and Removed are how many rows of the table were not as its events say. Both are 0 where nothing was wrong.
	Repaired, Removed int64
	Error             string // why it failed, "" if it did not
}

// RebuildSuffix is what the name of the schema with the tables that are made has, after that of the schema with those that
// are read.
const RebuildSuffix = "_rebuild"

const (
	rebuildBatch = 1000 // events in a transaction
	// rebuildRenew is how often a rebuild tells that it goes on, and rebuildLease after what time without that it is over.
	rebuildRenew = time.Second
	rebuildLease = 15 * time.Second
	// rebuildLock is how long a rebuild waits for those who write to the table, and they for it, before it lets them pass
	// and tries again, rebuildTries times.
	rebuildLock  = 2 * time.Second
	rebuildTries = 10
	// rebuildPatience is how long a rebuild waits for a projector that is behind.
	rebuildPatience = time.Minute
)

// Rebuild makes the table of a projection anew from the log, beside the one that is read, and then puts right the rows
// of that one which are not the same. Readers and writers go on meanwhile; for the rows of the last moments writers wait
// for an instant. It returns when the rebuild has begun, on this instance; Status tells how it goes. Nothing but the
// table changes: sagas are not rebuilt. Errors: ErrUnknownProjection, ErrNotRebuildable, ErrRebuilding.
func (f *Feed) Rebuild(ctx context.Context, projection string) error {
	p, err := f.projector(projection)
	if err != nil {
		return err
	}
	r, ok := p.Projection.(Rebuildable)
	if !ok {
		return ErrNotRebuildable
	}
	if err := f.rows.beginRebuild(ctx, projection); err != nil {
		return err
	}
	f.options.Logger.WarnContext(ctx, "rebuild begun by an operator", "projection", projection)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.rebuilding.Go(func() {
		defer cancel()
		go func() {
			select {
			case <-f.stopping:
				cancel()
			case <-ctx.Done():
			}
		}()
		f.rebuild(ctx, p, r)
	})
	return nil
}

func (f *Feed) rebuild(ctx context.Context, p *projector, r Rebuildable) {
	b := rebuild{feed: f, projector: p, projection: r, log: f.options.Log}
	telling, stopTelling := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		b.tell(telling)
	}()
	err := b.run(ctx)
	stopTelling()
	<-told
	text := ""
	switch {
	case ctx.Err() != nil:
		text = "the service stopped"
	case err != nil:
		text = storable(err.Error())
		p.logger.ErrorContext(ctx, "rebuild failed", "error", err)
	default:
		p.logger.InfoContext(ctx, "rebuild done", "repaired", b.repaired, "removed", b.removed)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rebuildRenew)
	defer cancel()
	if err := f.rows.endRebuild(ctx, p.name, &b, text); err != nil {
		p.logger.ErrorContext(ctx, "how the rebuild went could not be recorded", "error", err)
	}
}

// rebuild is one.
type rebuild struct {
	feed              *Feed
	projector         *projector
	projection        Rebuildable
	log               Log
	conn              *pgx.Conn // what is written there goes to the table that is made
	live, made        string    // the two tables
	at                eventstore.Position
	repaired, removed int64
	progress          atomic.Uint64 // at, for whoever tells about it
}

// tell says, as long as the rebuild goes on, how far it is.
func (b *rebuild) tell(ctx context.Context) {
	ticker := time.NewTicker(rebuildRenew)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		_, err := b.feed.pool.Exec(ctx, `UPDATE rebuilds SET renewed_at = clock_timestamp(), position = $2 WHERE projection = $1`,
			b.projector.name, column(b.progress.Load()))
		if err != nil && ctx.Err() == nil {
			b.projector.logger.WarnContext(ctx, "the progress of a rebuild could not be recorded", "error", err)
		}
	}
}

func (b *rebuild) run(ctx context.Context) error {
	if err := b.open(ctx); err != nil {
		return err
	}
	defer b.close(context.WithoutCancel(ctx))
	for {
		head, err := b.log.Head(ctx)
		if err != nil {
			return err
		}
		if !b.at.Less(head) {
			break
		}
		if err := b.fill(ctx, b.conn, head); err != nil {
			return err
		}
	}
	if _, err := b.conn.Exec(ctx, "ANALYZE "+b.made); err != nil {
		return err
	}
	seen := b.at
	if err := b.letPass(ctx, seen); err != nil {
		return err
	}
	if err := b.repair(ctx, b.conn, all, eventstore.Position{}, seen); err != nil {
		return err
	}
	repaired, removed := b.repaired, b.removed
	for try := 1; ; try++ {
		err := b.finish(ctx, seen)
		if err == nil || try == rebuildTries || !Transient(err) {
			return err
		}
		b.at, b.repaired, b.removed = seen, repaired, removed // as is the table
	}
}

// letPass waits until the projector is where the rebuild is, or stands still: what it has not come to is not wrong.
func (b *rebuild) letPass(ctx context.Context, at eventstore.Position) error {
	ctx, cancel := context.WithTimeout(ctx, rebuildPatience)
	defer cancel()
	for again := (pause{Backoff: Backoff{First: 10 * time.Millisecond, Most: 100 * time.Millisecond}}); ; {
		rows, err := b.feed.rows.rows(ctx, []string{b.projector.name})
		if err != nil {
			return err
		}
		if row := rows[b.projector.name]; !row.position.Less(at) || row.halt != nil || !again.wait(ctx.Done(), b.feed.stopping) {
			return nil
		}
	}
}

// open makes the empty table, and a connection that takes it for the projection's.
func (b *rebuild) open(ctx context.Context) error {
	var schema string
	if err := b.feed.pool.QueryRow(ctx, `SELECT current_schema()`).Scan(&schema); err != nil {
		return err
	}
	beside := schema + RebuildSuffix
	b.live, b.made = pgx.Identifier{schema, b.projector.name}.Sanitize(), pgx.Identifier{beside, b.projector.name}.Sanitize()
	config := b.feed.pool.Config().ConnConfig
	config.RuntimeParams["search_path"] = pgx.Identifier{beside}.Sanitize() + ", " + pgx.Identifier{schema}.Sanitize()
	delete(config.RuntimeParams, "enable_seqscan") // here whole tables are compared
	var err error
	if b.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return err
	}
	for _, statement := range []string{
		"DROP TABLE IF EXISTS " + b.made,
		"CREATE TABLE " + b.made + " (LIKE " + b.live + " INCLUDING DEFAULTS INCLUDING GENERATED)",
		"ALTER TABLE " + b.made + " ADD PRIMARY KEY (" + b.projection.Columns()[0] + ")",
	} {
		if _, err := b.conn.Exec(ctx, statement); err != nil {
			b.close(context.WithoutCancel(ctx))
			return err
		}
	}
	return nil
}

func (b *rebuild) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, rebuildLease)
	defer cancel()
	_, dropped := b.conn.Exec(ctx, "DROP TABLE IF EXISTS "+b.made)
	if err := errors.Join(dropped, b.conn.Close(ctx)); err != nil { // the next one drops it
		b.projector.logger.WarnContext(ctx, "what a rebuild made is still there", "error", err)
	}
}

// beginner is a connection or a transaction.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// fill applies the log up to a position to the table that is made.
func (b *rebuild) fill(ctx context.Context, on beginner, upTo eventstore.Position) error {
	stream, err := b.log.Open(ctx, All, b.at)
	if err != nil {
		return err
	}
	defer stream.Close()
	var events []eventstore.Recorded
	for b.at.Less(upTo) {
		item, err := stream.Recv()
		if err != nil {
			return err
		}
		if item.HasEvent && b.projection.Handles(item.Event.Type) {
			events = append(events, item.Event)
		}
		b.at = item.At
		if len(events) < rebuildBatch && b.at.Less(upTo) {
			continue
		}
		if err := b.apply(ctx, on, events); err != nil {
			return err
		}
		events = events[:0]
		b.progress.Store(b.at.Commit)
	}
	return nil
}

func (b *rebuild) apply(ctx context.Context, on beginner, events []eventstore.Recorded) error {
	if len(events) == 0 {
		return nil
	}
	envelopes, err := b.projector.decode(ctx, events)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, on, func(tx pgx.Tx) error { return b.projector.applyTo(ctx, tx, envelopes) })
	if err != nil && len(events) > 1 && !Transient(err) && ctx.Err() == nil { // which one?
		for i := range events {
			if err := b.apply(ctx, on, events[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("event %s of %s: %w", events[0].ID, events[0].Stream, err)
	}
	return nil
}

// finish puts right what changed since a position, while nobody writes to the table and its projector stands still. All
// that anybody has written there was in the log before.
func (b *rebuild) finish(ctx context.Context, since eventstore.Position) error {
	return pgx.BeginFunc(ctx, b.conn, func(tx pgx.Tx) error {
		for _, statement := range []string{
			fmt.Sprintf("SET LOCAL lock_timeout = '%dms'", rebuildLock.Milliseconds()),
			"SET LOCAL synchronous_commit = on",
			"LOCK TABLE " + b.live + " IN SHARE ROW EXCLUSIVE MODE",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		// From here on the projector cannot pass what comes in streams that were parked.
		freed, err := tx.Exec(ctx, `DELETE FROM parked_streams WHERE projection = $1`, b.projector.name)
		if err != nil {
			return err
		}
		if freed.RowsAffected() > 0 {
			_, err = tx.Exec(ctx, `UPDATE checkpoints SET epoch = epoch + 1, lease_until = NULL WHERE projection = $1`, b.projector.name)
			if err != nil {
				return err
			}
		}
		// The projector stands where its row is, and cannot move it.
		var commit, prepare int64
		err = tx.QueryRow(ctx, `SELECT commit_position, prepare_position FROM checkpoints WHERE projection = $1 FOR UPDATE`, b.projector.name).
			Scan(&commit, &prepare)
		if err != nil {
			return err
		}
		if err := b.fill(ctx, tx, position(commit, prepare)); err != nil {
			return err
		}
		if err := b.repair(ctx, tx, late, since, b.at); err != nil {
			return err
		}
		head, err := b.log.Head(ctx)
		if err != nil {
			return err
		}
		passed := b.at
		if err := b.fill(ctx, tx, head); err != nil {
			return err
		}
		return b.repair(ctx, tx, ahead, passed, b.at)
	})
}
