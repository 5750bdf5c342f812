package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/domain/session"
	"am-user-management/internal/eventstore"
)

// Redactor makes rows anew from their streams, after text in these became unreadable: it brings the rows about a person
// whose key was destroyed to what a rebuild would give. Tables whose rows an event of the erasure itself clears are not
// touched.
type Redactor struct {
	pool     *pgxpool.Pool
	profiles *table[uuid, profileRow, *profileRow]
	sessions *table[uuid, sessionRow, *sessionRow]
}

// NewRedactor returns the one that writes through the pool.
func NewRedactor(pool *pgxpool.Pool) *Redactor {
	return &Redactor{pool: pool, profiles: newProfiles(), sessions: newSessions()}
}

// Loader returns the events of a stream.
type Loader func(ctx context.Context, stream string) ([]eventstore.Envelope, error)

// Redact makes the user's rows anew, all or none, also those of tables that are being rebuilt: what a rebuild read while
// there was a key must not come back. It may be called again. An error is one of the database or of load, or says that
// load knows less than the rows do: another time it will not.
func (r *Redactor) Redact(ctx context.Context, user domain.ID, load Loader) error {
	return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		own, err := remove(ctx, tx, `DELETE FROM profiles WHERE user_id = $1 RETURNING user_id, revision`, user)
		if err != nil {
			return err
		}
		if len(own) == 0 {
			own[uuid(user)] = nothing // there may be one that no row tells about yet
		}
		if err := remake(ctx, tx, r.profiles, own, profile.StreamOf, load); err != nil {
			return err
		}
		started, err := remove(ctx, tx, `DELETE FROM sessions WHERE user_id = $1 RETURNING session_id, revision`, user)
		if err != nil {
			return err
		}
		if err := remake(ctx, tx, r.sessions, started, session.StreamOf, load); err != nil {
			return err
		}
		return r.redactRebuilt(ctx, tx, user, load)
	})
}

// redactRebuilt does it for tables that are being made anew, in a schema beside that of the others. The search_path holds
// until the transaction ends.
func (r *Redactor) redactRebuilt(ctx context.Context, tx pgx.Tx, user domain.ID, load Loader) error {
	var schema string
	var made []string
	err := tx.QueryRow(ctx, `SELECT quote_ident(current_schema() || '_rebuild'),
		array(SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() || '_rebuild')`).Scan(&schema, &made)
	if err != nil || len(made) == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `SET LOCAL search_path = `+schema); err != nil {
		return err
	}
	for _, table := range made {
		var removed map[uuid]int64
		var err error
		switch table {
		case "profiles":
			if removed, err = remove(ctx, tx, `DELETE FROM profiles WHERE user_id = $1 RETURNING user_id, revision`, user); err == nil {
				err = remake(ctx, tx, r.profiles, removed, profile.StreamOf, load)
			}
		case "sessions":
			if removed, err = remove(ctx, tx, `DELETE FROM sessions WHERE user_id = $1 RETURNING session_id, revision`, user); err == nil {
				err = remake(ctx, tx, r.sessions, removed, session.StreamOf, load)
			}
		// The event of the erasure clears these two, too, but a rebuild comes to it late, or, if it was cut off, never.
		case "accounts":
			_, err = tx.Exec(ctx, `UPDATE accounts SET email = NULL, phone = NULL WHERE user_id = $1`, uuid(user))
		case "users":
			_, err = tx.Exec(ctx, `UPDATE users SET email = NULL, phone = NULL, first_name = NULL, last_name = NULL,
				by_email = NULL, by_given = NULL, by_family = NULL WHERE user_id = $1`, uuid(user))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remove deletes rows and returns which, and how far they had come. Until the transaction ends nobody else writes them.
func remove(ctx context.Context, tx pgx.Tx, statement string, user domain.ID) (map[uuid]int64, error) {
	rows, err := tx.Query(ctx, statement, uuid(user))
	if err != nil {
		return nil, err
	}
	removed := make(map[uuid]int64)
	var key uuid
	var revision int64
	_, err = pgx.ForEachRow(rows, []any{&key, &revision}, func() error {
		removed[key] = revision
		return nil
	})
	return removed, err
}

// remake writes rows anew from the whole of their streams.
func remake[R any, P marked[R]](ctx context.Context, tx pgx.Tx, t *table[uuid, R, P], removed map[uuid]int64, streamOf func(domain.ID) string, load Loader) error {
	for key, revision := range removed {
		stream := streamOf(domain.ID(key))
		history, err := load(ctx, stream) // after the row was removed: whatever the row had seen is in the log
		if err != nil {
			return err
		}
		if int64(len(history))-1 < revision {
			return fmt.Errorf("table %s: %s was read to revision %d, and its row had come to %d", t.name, stream, len(history)-1, revision)
		}
		if err := t.apply(ctx, tx, history); err != nil {
			return err
		}
	}
	return nil
}
