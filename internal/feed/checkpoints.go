package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
)

// errFenced: the row is not as this turn left it; another turn has begun, or an operator has moved the checkpoint.
var errFenced = errors.New("the turn is over")

// checkpoints is the table of that name. One row per projection holds how far it came, whose turn it is and why it
// is halted. The epoch counts turns: everything a turn writes names its epoch, so that an owner who was paused, and
// whose lease others saw end, cannot write any more. Leases run by the database's clock alone.
//
// A lease in a row was preferred to advisory locks, which end unnoticed with their connection: when a pool recycles
// it, behind a connection pooler, or after a fail-over.
type checkpoints struct {
	pool   *pgxpool.Pool
	owner  string
	timing Timing
	now    func() time.Time
	logger *slog.Logger

	flushes flushes
}

const readRow = `
	SELECT projection, commit_position, prepare_position, epoch, coalesce(owner, ''),
	       halted_at, halted_event, halted_position, halted_error, coalesce(halted_stream, ''), updated_at,
	       lease_until IS NULL OR lease_until <= clock_timestamp()
	FROM checkpoints WHERE projection = ANY($1)`

// rows reads the rows of projections; one that never ran has none.
func (c *checkpoints) rows(ctx context.Context, names []string) (map[string]row, error) {
	result, err := c.pool.Query(ctx, readRow, names)
	if err != nil {
		return nil, err
	}
	rows := make(map[string]row)
	var (
		name            string
		commit, prepare int64
		r               row
		haltedAt        *time.Time
		haltedEvent     *uuid.UUID
		haltedPosition  *int64
		haltedError     *string
		haltedStream    string
	)
	_, err = pgx.ForEachRow(result, []any{
		&name, &commit, &prepare, &r.epoch, &r.owner,
		&haltedAt, &haltedEvent, &haltedPosition, &haltedError, &haltedStream, &r.updatedAt, &r.free,
	}, func() error {
		found := r
		found.position = position(commit, prepare)
		if haltedAt != nil {
			// The store gives every event a commit position of its own, equal to its prepare position.
			at := value(haltedPosition)
			found.halt = &Halt{
				At: *haltedAt, Event: value(haltedEvent), Stream: haltedStream, Position: position(at, at), Error: value(haltedError),
			}
		}
		rows[name] = found
		return nil
	})
	return rows, err
}

const createRow = `
	INSERT INTO checkpoints (projection, commit_position, prepare_position, epoch, updated_at)
	VALUES ($1, $2, $3, 0, clock_timestamp()) ON CONFLICT (projection) DO NOTHING`

const takeTurn = `
	UPDATE checkpoints
	SET epoch = epoch + 1, owner = $2, lease_until = clock_timestamp() + $3, updated_at = clock_timestamp()
	WHERE projection = $1 AND (lease_until IS NULL OR lease_until <= clock_timestamp() OR owner = $2)
	RETURNING commit_position, prepare_position, epoch`

// try begins a turn if no other owner's is on; nil if one is. A turn of its own name is that of a process before it,
// which is gone, or one that is about to end: the new epoch fences it. start is asked for the first position of a new projection.
func (c *checkpoints) try(ctx context.Context, name string,
	start func(context.Context) (eventstore.Position, error),
) (*lease, error) {
	known, err := c.rows(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	if present, ok := known[name]; ok && !present.free && present.owner != c.owner {
		return nil, nil
	} else if !ok {
		first, err := start(ctx)
		if err != nil {
			return nil, fmt.Errorf("where %s starts: %w", name, err)
		}
		if _, err := c.pool.Exec(ctx, createRow, name, column(first.Commit), column(first.Prepare)); err != nil {
			return nil, err
		}
	}
	tx, err := c.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	// Unlike batches, a turn is worth a wait for the disk: its epoch must not be given twice.
	if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = on"); err != nil {
		return nil, err
	}
	var (
		commit, prepare int64
		taken           = lease{checkpoints: c, name: name}
	)
	begun := c.now()
	err = tx.QueryRow(ctx, takeTurn, name, c.owner, c.timing.Lease).Scan(&commit, &prepare, &taken.epoch)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if taken.parked, err = parkedIn(ctx, tx, name); err != nil {
		return nil, err
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, err
	}
	taken.stored = position(commit, prepare)
	taken.halt = known[name].halt
	taken.start(begun)
	return &taken, nil
}

const advanceRow = `
	UPDATE checkpoints
	SET commit_position = $3, prepare_position = $4, updated_at = clock_timestamp(),
	    halted_at = CASE WHEN halted_position > $3 THEN halted_at END,
	    halted_event = CASE WHEN halted_position > $3 THEN halted_event END,
	    halted_error = CASE WHEN halted_position > $3 THEN halted_error END,
	    halted_stream = CASE WHEN halted_position > $3 THEN halted_stream END,
	    halted_position = CASE WHEN halted_position > $3 THEN halted_position END
	WHERE projection = $1 AND epoch = $2 AND commit_position = $5 AND prepare_position = $6`

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// advance moves a checkpoint from where this turn left it; errFenced if it is not there any more. A halt ends when the
// checkpoint passes its event.
func (c *checkpoints) advance(ctx context.Context, on execer, name string, epoch int64, from, to eventstore.Position) error {
	return fenced(on.Exec(ctx, advanceRow, advanceArgs(name, epoch, from, to)...))
}

func advanceArgs(name string, epoch int64, from, to eventstore.Position) []any {
	return []any{name, epoch, column(to.Commit), column(to.Prepare), column(from.Commit), column(from.Prepare)}
}

const renewRow = `
	UPDATE checkpoints SET lease_until = clock_timestamp() + $3
	WHERE projection = $1 AND epoch = $2 AND (commit_position = $4 OR $4 IS NULL)`

// renew extends a turn, or ends it; errFenced if it is over. If stored is given the row must still be there: a crash
// of Postgres may have taken back what a turn wrote last, which must not stay unnoticed until the next event.
func (c *checkpoints) renew(ctx context.Context, name string, epoch int64, by time.Duration, stored *eventstore.Position) error {
	var commit *int64
	if stored != nil {
		at := column(stored.Commit)
		commit = &at
	}
	return fenced(c.pool.Exec(ctx, renewRow, name, epoch, by, commit))
}

const haltRow = `
	UPDATE checkpoints
	SET halted_at = $3, halted_event = $4, halted_position = $5, halted_error = $6, halted_stream = $7, updated_at = clock_timestamp()
	WHERE projection = $1 AND epoch = $2`

// halt records why a projection stands still. It is a statement of its own: the transaction that failed is gone.
func (c *checkpoints) halt(ctx context.Context, name string, epoch int64, halt *Halt) error {
	return fenced(c.pool.Exec(ctx, haltRow, name, epoch,
		halt.At, halt.Event, column(halt.Position.Commit), halt.Error, halt.Stream))
}

const retryRow = `
	UPDATE checkpoints SET epoch = epoch + 1, lease_until = NULL, updated_at = clock_timestamp()
	WHERE projection = $1 AND halted_at IS NOT NULL`

// retry ends the turn of a halted projection; the next one tries the event again.
func (c *checkpoints) retry(ctx context.Context, name string) error {
	return notHalted(c.pool.Exec(ctx, retryRow, name))
}

const skipRow = `
	UPDATE checkpoints
	SET epoch = epoch + 1, lease_until = NULL, updated_at = clock_timestamp(),
	    commit_position = $2, prepare_position = $3,
	    halted_at = NULL, halted_event = NULL, halted_position = NULL, halted_error = NULL, halted_stream = NULL
	WHERE projection = $1 AND halted_position = $2`

// skip ends the turn of a projection that is halted at a position; the next one begins after it.
func (c *checkpoints) skip(ctx context.Context, name string, at eventstore.Position) error {
	return notHalted(c.pool.Exec(ctx, skipRow, name, column(at.Commit), column(at.Prepare)))
}

func fenced(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return errFenced
	}
	return err
}

func notHalted(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotHalted
	}
	return err
}

// column is half a position as the table has it. The store's own positions are signed, too.
func column(half uint64) int64 { return int64(half) }

// position reads the two columns.
func position(commit, prepare int64) eventstore.Position {
	return eventstore.Position{Commit: uint64(commit), Prepare: uint64(prepare)}
}

// value is what a nullable column holds, or nothing.
func value[T any](column *T) T {
	if column == nil {
		var none T
		return none
	}
	return *column
}
