package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// which rows are looked at.
type which int

const (
	// all rows that stand where the rebuild is, or before.
	all which = iota
	// late: those of them that are of after a position.
	late
	// ahead: those that a command has brought further than the projector, to the same event as here. One that has not
	// come as far is not wrong.
	ahead
)

// repair makes rows of the live table what they are in the other one.
func (b *rebuild) repair(ctx context.Context, on execer, rows which, since, upTo eventstore.Position) error {
	columns := b.projection.Columns()
	key := columns[0]
	var updates []string
	for _, name := range columns[1:] {
		updates = append(updates, name+" = excluded."+name)
	}
	of := func(table string) string { return table + "." + strings.Join(columns, ", "+table+".") }
	from := fmt.Sprintf("%[2]s s LEFT JOIN %[1]s l ON l.%[3]s = s.%[3]s", b.live, b.made, key)
	if rows != all { // few rows, and others wait: not everything is joined with everything
		from = fmt.Sprintf(`(SELECT %[3]s FROM %[2]s WHERE position >= $1 UNION SELECT %[3]s FROM %[1]s WHERE position >= $1) late
			JOIN %[2]s s ON s.%[3]s = late.%[3]s LEFT JOIN %[1]s l ON l.%[3]s = late.%[3]s`, b.live, b.made, key)
	}
	where := fmt.Sprintf("l.%s IS NULL OR l.position <= $2", key)
	if rows == ahead {
		where = "l.position > $1 AND l.position = s.position"
	}
	repaired, err := on.Exec(ctx, fmt.Sprintf(`
		INSERT INTO %[1]s AS t (%[2]s)
		SELECT %[3]s FROM %[4]s
		WHERE $1::bigint IS NOT NULL AND (%[8]s) AND (l.%[5]s IS NULL OR (%[6]s) IS DISTINCT FROM (%[3]s))
		ORDER BY s.%[5]s
		ON CONFLICT (%[5]s) DO UPDATE SET %[7]s WHERE t.position <= $2`,
		b.live, strings.Join(columns, ", "), of("s"), from, key, of("l"), strings.Join(updates, ", "), where),
		column(since.Commit), column(upTo.Commit))
	if err != nil {
		return err
	}
	b.repaired += repaired.RowsAffected()
	if rows == ahead {
		return nil
	}
	removed, err := on.Exec(ctx, fmt.Sprintf(`
		DELETE FROM %[1]s l WHERE l.position BETWEEN $1 AND $2 AND NOT EXISTS (SELECT FROM %[2]s s WHERE s.%[3]s = l.%[3]s)`,
		b.live, b.made, key), column(since.Commit), column(upTo.Commit))
	b.removed += removed.RowsAffected()
	return err
}

// sweepRebuilds drops what rebuilds left whose process is gone: it holds personal data that no erasure would find.
func (f *Feed) sweepRebuilds(ctx context.Context) error {
	rows, err := f.pool.Query(ctx, `
		SELECT format('%I.%I', schemaname, tablename) FROM pg_tables t WHERE schemaname = current_schema() || $2 AND NOT EXISTS (
			SELECT FROM rebuilds r WHERE r.projection = t.tablename AND r.finished_at IS NULL AND r.renewed_at > clock_timestamp() - $1::interval)`,
		rebuildLease, RebuildSuffix)
	if err != nil {
		return err
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, table := range left {
		if err == nil {
			_, err = f.pool.Exec(ctx, "DROP TABLE IF EXISTS "+table)
		}
	}
	return err
}

// sweep does it again and again until ctx ends.
func (f *Feed) sweep(ctx context.Context) {
	ticker := time.NewTicker(rebuildLease)
	defer ticker.Stop()
	for {
		if err := f.sweepRebuilds(ctx); err != nil && ctx.Err() == nil {
			f.options.Logger.WarnContext(ctx, "what a rebuild left could not be removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

const beginRebuild = `
	INSERT INTO rebuilds AS r (projection, owner, started_at, renewed_at)
	VALUES ($1, $2, clock_timestamp(), clock_timestamp())
	ON CONFLICT (projection) DO UPDATE SET owner = excluded.owner, started_at = excluded.started_at,
		renewed_at = excluded.renewed_at, position = 0, finished_at = NULL, repaired = 0, removed = 0, error = NULL
	WHERE r.finished_at IS NOT NULL OR r.renewed_at < clock_timestamp() - $3::interval`

func (c *checkpoints) beginRebuild(ctx context.Context, name string) error {
	tag, err := c.pool.Exec(ctx, beginRebuild, name, c.owner, rebuildLease)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrRebuilding
	}
	return err
}

func (c *checkpoints) endRebuild(ctx context.Context, name string, b *rebuild, failure string) error {
	_, err := c.pool.Exec(ctx, `
		UPDATE rebuilds SET finished_at = clock_timestamp(), position = $2, repaired = $3, removed = $4, error = nullif($5, '')
		WHERE projection = $1`, name, column(b.at.Commit), b.repaired, b.removed, failure)
	return err
}

// rebuilds is the last one of each projection.
func (c *checkpoints) rebuilds(ctx context.Context) (map[string]*Rebuild, error) {
	rows, err := c.pool.Query(ctx, `
		SELECT projection, started_at, position, finished_at, finished_at IS NULL AND renewed_at < clock_timestamp() - $1::interval,
			repaired, removed, coalesce(error, '')
		FROM rebuilds`, rebuildLease)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*Rebuild)
	var name string
	var at int64
	var finished *time.Time
	var r Rebuild
	_, err = pgx.ForEachRow(rows, []any{&name, &r.StartedAt, &at, &finished, &r.Abandoned, &r.Repaired, &r.Removed, &r.Error}, func() error {
		found := r
		found.Position, found.FinishedAt = position(at, at), value(finished)
		all[name] = &found
		return nil
	})
	return all, err
}
