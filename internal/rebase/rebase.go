// Package rebase makes Postgres fit a log that was copied to another store. A position is a number of one store: in the
// copy the same event has another one. Tables, checkpoints and imports hold such numbers, and a service that took those
// of one store for those of another would leave out events, or do them twice. Positions are translated by the events
// themselves, in one transaction that either does all of it or nothing. The package imports pgx.
package rebase

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The outcomes that a caller can act upon; compare with errors.Is.
var (
	// ErrDone: the tables fit the new log already. Nothing was changed.
	ErrDone = errors.New("the tables are of the new log already")
	// ErrServing: an instance of the service works with the tables.
	ErrServing = errors.New("the service is running, or ended badly a few seconds ago: stop every instance and try again")
	// ErrOtherLog: the tables are of neither log.
	ErrOtherLog = errors.New("the tables are of another log")
)

// Move is where one event was and where it is.
type Move struct {
	Old, New uint64
	Stream   string
	Revision uint64
}

// Moves hands out every event of the log in its order, and false at the end.
type Moves func() (Move, bool, error)

// Tables translates all positions in the first schema of the connection's search_path. No instance may be running. The
// errors are ErrDone, ErrServing and ErrOtherLog, which are told apart before anything is changed, and those of moves
// and of the database.
func Tables(ctx context.Context, conn *pgx.Conn, moves Moves) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		if err := load(ctx, tx, moves); err != nil {
			return err
		}
		return Translate(ctx, tx)
	})
}

// alone keeps instances from starting until the transaction is over.
func alone(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `LOCK TABLE checkpoints IN ACCESS EXCLUSIVE MODE`); err != nil {
		return err
	}
	var serving bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM checkpoints WHERE lease_until > clock_timestamp())`).Scan(&serving)
	if err == nil && serving {
		return ErrServing
	}
	return err
}

// load makes the table of moves.
func load(ctx context.Context, tx pgx.Tx, moves Moves) error {
	if _, err := tx.Exec(ctx, `CREATE TEMPORARY TABLE moves (old bigint, new bigint, stream text, revision bigint) ON COMMIT DROP`); err != nil {
		return err
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"moves"}, []string{"old", "new", "stream", "revision"},
		pgx.CopyFromFunc(func() ([]any, error) {
			move, some, err := moves()
			if err != nil || !some {
				return nil, err
			}
			return []any{int64(move.Old), int64(move.New), move.Stream, int64(move.Revision)}, nil
		}))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `CREATE UNIQUE INDEX ON moves (old); ANALYZE moves`)
	return err
}

// known are the tables whose rows fold one stream each, and how the stream is called: they prove which log it is.
var known = [...]struct{ table, stream string }{
	{"accounts", "'account-' || t.user_id"},
	{"sessions", "'session-' || t.session_id"},
	{"profiles", "'profile-' || t.user_id"},
	{"subscriptions", "'subscription-' || t.user_id"},
	{"access", "'access-' || t.user_id"},
	{"plans", "'plan-' || t.plan_id"},
}

// Translate translates by the temporary table moves (old, new, stream, revision), which is there.
func Translate(ctx context.Context, tx pgx.Tx) error {
	var rows, old, fresh int64
	for _, of := range known {
		var r, o, f int64
		err := tx.QueryRow(ctx, fmt.Sprintf(`
			SELECT count(*), count(*) FILTER (WHERE m.old = t.position), count(*) FILTER (WHERE m.new = t.position)
			FROM %s t LEFT JOIN moves m ON m.stream = %s AND m.revision = t.revision WHERE t.position > 0`, of.table, of.stream)).Scan(&r, &o, &f)
		if err != nil {
			return err
		}
		rows, old, fresh = rows+r, old+o, fresh+f
	}
	switch {
	case old == rows: // also if positions happen to be the same in both
	case fresh == rows:
		return ErrDone
	default:
		return fmt.Errorf("%w: of %d rows %d stand where their event is in the old log, %d where it is in the new one", ErrOtherLog, rows, old, fresh)
	}
	tables, err := positioned(ctx, tx)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := exactly(ctx, tx, table, "position"); err != nil {
			return err
		}
	}
	if err := exactly(ctx, tx, "checkpoints", "halted_position"); err != nil {
		return err
	}
	return upTo(ctx, tx)
}

// positioned are the tables with the position of an event in each row.
func positioned(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = current_schema() AND c.column_name = 'position' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'rebuilds'
		ORDER BY c.table_name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// exactly translates positions of events. One that is no event's belongs to another log.
func exactly(ctx context.Context, tx pgx.Tx, table, column string) error {
	name, field := pgx.Identifier{table}.Sanitize(), pgx.Identifier{column}.Sanitize()
	var strange int64
	err := tx.QueryRow(ctx, fmt.Sprintf(`
		SELECT count(*) FROM %[1]s t WHERE t.%[2]s > 0 AND NOT EXISTS (SELECT FROM moves m WHERE m.old = t.%[2]s)`, name, field)).Scan(&strange)
	if err != nil {
		return err
	}
	if strange > 0 {
		return fmt.Errorf("%w: %d rows of %s stand where it has no event", ErrOtherLog, strange, table)
	}
	_, err = tx.Exec(ctx, fmt.Sprintf(`UPDATE %[1]s t SET %[2]s = m.new FROM moves m WHERE m.old = t.%[2]s AND m.new <> t.%[2]s`, name, field))
	return err
}

// upTo translates positions up to which everything was dealt with: an event's, or one between events.
func upTo(ctx context.Context, tx pgx.Tx) error {
	const at = `coalesce((SELECT m.new FROM moves m WHERE m.old <= %s ORDER BY m.old DESC LIMIT 1), 0)`
	for _, statement := range []string{
		// The next turn's epoch is above that of whoever had the last one.
		`UPDATE checkpoints SET (commit_position, prepare_position) = (SELECT p, p FROM (SELECT ` + fmt.Sprintf(at, "commit_position") + ` AS p) n),
			epoch = epoch + 1, owner = NULL, lease_until = NULL`,
		`UPDATE imports SET (commit_position, prepare_position) = (SELECT p, p FROM (SELECT ` + fmt.Sprintf(at, "commit_position") + ` AS p) n)`,
		`UPDATE rebuilds SET position = ` + fmt.Sprintf(at, "position"),
		`DELETE FROM log_anchor`, // it may be an event of the server's own; the service soon keeps another
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
