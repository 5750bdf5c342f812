package limiter

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// New returns a limiter that counts in the table attempts, which the migrations of the read model make. The secret keys
// the names of accounts and sources; another secret forgets all counts.
func New(pool *pgxpool.Pool, secret []byte, rules Rules, clock func() time.Time) *Limiter {
	return &Limiter{table: postgres{pool}, namer: namer{secret}, rules: rules, clock: clock}
}

// postgres is the table. What may be lost when Postgres breaks down, and only then, is written without waiting for its
// disk, so that no row that many need is held for that long: a try that was not answered, and one that was forgiven.
// A failure is waited for.
type postgres struct{ pool *pgxpool.Pool }

// soon makes a statement return before it is on disk.
const soon = `(SELECT set_config('synchronous_commit', 'off', true)) AS soon`

func (p postgres) take(ctx context.Context, budgets []budget, open bool, now time.Time) ([]key, error) {
	opened := 0
	if open {
		opened = 1
	}
	columns := columnsOf(sorted(budgets), now)
	rows, err := p.pool.Query(ctx, `
		INSERT INTO attempts AS a (key, free, open, opened_at, window_ends, expires_at)
		SELECT n.key, n.tries - 1, $5::integer, $6::timestamptz, n.ends, n.expires
		FROM unnest($1::bytea[], $2::integer[], $3::timestamptz[], $4::timestamptz[]) AS n (key, tries, ends, expires), `+soon+`
		ORDER BY n.key
		ON CONFLICT (key) DO UPDATE SET
			free        = CASE WHEN a.window_ends <= $6 THEN excluded.free ELSE a.free - 1 END,
			open        = CASE WHEN a.window_ends <= $6 THEN $5 ELSE a.open + $5 END,
			opened_at   = $6,
			locks       = CASE WHEN a.window_ends <= $6 THEN 0 ELSE a.locks END,
			window_ends = CASE WHEN a.window_ends <= $6 THEN excluded.window_ends ELSE a.window_ends END,
			expires_at  = greatest(a.expires_at, excluded.expires_at)
		WHERE (a.locked_until IS NULL OR a.locked_until <= $6)
			AND (a.window_ends <= $6 OR a.free > 0
				OR a.key <> $7 AND EXISTS (SELECT FROM attempts known WHERE known.key = $7 AND known.proven_at > $8))
		RETURNING a.key`,
		columns.keys, columns.tries, columns.ends, columns.expires, opened, now, budgets[0].key.bytes(), now.Add(-knownFor))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (key, error) {
		var taken []byte
		err := row.Scan(&taken)
		return key(taken), err
	})
}

func (p postgres) proved(ctx context.Context, budgets []budget, now time.Time) error {
	columns := columnsOf(sorted(budgets), now)
	_, err := p.pool.Exec(ctx, `
		INSERT INTO attempts AS a (key, free, open, opened_at, window_ends, expires_at, proven_at)
		SELECT n.key, n.tries, 0, $5::timestamptz, n.ends,
			CASE WHEN n.key = $6 THEN $7 ELSE n.expires END, CASE WHEN n.key = $6 THEN $5::timestamptz END
		FROM unnest($1::bytea[], $2::integer[], $3::timestamptz[], $4::timestamptz[]) AS n (key, tries, ends, expires), `+soon+`
		ORDER BY n.key
		ON CONFLICT (key) DO UPDATE SET
			free         = CASE WHEN a.key = $6 THEN excluded.free - greatest(a.open - 1, 0) ELSE least(a.free + 1, excluded.free) END,
			open         = greatest(a.open - 1, 0),
			locks        = CASE WHEN a.key = $6 THEN 0 ELSE a.locks END,
			locked_until = CASE WHEN a.key = $6 THEN NULL ELSE a.locked_until END,
			proven_at    = CASE WHEN a.key = $6 THEN $5 ELSE a.proven_at END,
			expires_at   = greatest(a.expires_at, excluded.expires_at)`,
		columns.keys, columns.tries, columns.ends, columns.expires, now, budgets[0].key.bytes(), provenExpiry(now))
	return err
}

func (p postgres) failed(ctx context.Context, budgets []budget, first, longest time.Duration, now time.Time) (time.Time, error) {
	columns, pair := columnsOf(sorted(budgets), now), budgets[0]
	rows, err := p.pool.Query(ctx, `
		INSERT INTO attempts AS a (key, free, open, opened_at, window_ends, expires_at)
		SELECT n.key, n.tries - 1, 0, $5::timestamptz, n.ends, n.expires
		FROM unnest($1::bytea[], $2::integer[], $3::timestamptz[], $4::timestamptz[]) AS n (key, tries, ends, expires)
		ORDER BY n.key
		ON CONFLICT (key) DO UPDATE SET (free, open, locks, locked_until, window_ends) = (
			SELECT
				CASE WHEN begins THEN $7::integer ELSE a.free END,
				CASE WHEN begins THEN 0 ELSE greatest(a.open - 1, 0) END,
				CASE WHEN begins THEN a.locks + 1 ELSE a.locks END,
				CASE WHEN begins THEN ends ELSE a.locked_until END,
				CASE WHEN begins THEN ends + $10::float8 * interval '1 second' ELSE a.window_ends END
			FROM (SELECT
				a.key = $6 AND a.free <= 0 AND (a.open <= 1 OR a.opened_at <= $11) AS begins,
				$5::timestamptz + least($8::float8 * power(2, least(a.locks, 30)), $9::float8) * interval '1 second' AS ends) AS lockout)
		RETURNING a.key, a.free, a.locked_until`,
		columns.keys, columns.tries, columns.ends, columns.expires, now, pair.key.bytes(), pair.tries,
		first.Seconds(), longest.Seconds(), pair.window.Seconds(), now.Add(-abandoned))
	if err != nil {
		return time.Time{}, err
	}
	var locked time.Time
	var settled []byte
	var free int
	var until *time.Time
	_, err = pgx.ForEachRow(rows, []any{&settled, &free, &until}, func() error {
		if key(settled) == pair.key && free == pair.tries && until != nil && until.After(now) {
			locked = until.UTC()
		}
		return nil
	})
	return locked, err
}

func (p postgres) giveBack(ctx context.Context, budgets []budget, now time.Time) error {
	if len(budgets) == 0 {
		return nil
	}
	columns := columnsOf(sorted(budgets), now)
	_, err := p.pool.Exec(ctx, `
		INSERT INTO attempts AS a (key, free, open, opened_at, window_ends, expires_at)
		SELECT n.key, n.tries, 0, $5::timestamptz, n.ends, n.expires
		FROM unnest($1::bytea[], $2::integer[], $3::timestamptz[], $4::timestamptz[]) AS n (key, tries, ends, expires), `+soon+`
		ORDER BY n.key
		ON CONFLICT (key) DO UPDATE SET free = least(a.free + 1, excluded.free), open = greatest(a.open - 1, 0)`,
		columns.keys, columns.tries, columns.ends, columns.expires, now)
	return err
}

func (p postgres) look(ctx context.Context, budgets []budget) (map[key]row, error) {
	found := map[key]row{}
	rows, err := p.pool.Query(ctx, `
		SELECT key, free, open, opened_at, window_ends, coalesce(locked_until, '-infinity'), coalesce(proven_at, '-infinity')
		FROM attempts WHERE key = ANY($1)`, keysOf(budgets))
	if err != nil {
		return nil, err
	}
	var name []byte
	var r row
	var locked, proven pgtype.Timestamptz
	_, err = pgx.ForEachRow(rows, []any{&name, &r.free, &r.open, &r.openedAt, &r.windowEnds, &locked, &proven}, func() error {
		r.lockedUntil, r.provenAt = locked.Time, proven.Time
		found[key(name)] = r
		return nil
	})
	return found, err
}

func (p postgres) unlock(ctx context.Context, account key, now time.Time) error {
	_, err := p.pool.Exec(ctx, `
		UPDATE attempts SET window_ends = $3, locks = 0, locked_until = NULL
		WHERE key IN (SELECT key FROM attempts WHERE key >= $1 AND key < $2 ORDER BY key FOR UPDATE)`,
		account.bytes(), account.after().bytes(), now)
	return err
}

// sweep leaves a row that is in use to a later sweep.
func (p postgres) sweep(ctx context.Context, now time.Time) error {
	_, err := p.pool.Exec(ctx, `
		DELETE FROM attempts WHERE key IN (SELECT key FROM attempts WHERE expires_at <= $1 LIMIT 10000 FOR UPDATE SKIP LOCKED)`, now)
	return err
}

// columns are budgets as Postgres takes them.
type columns struct {
	keys          [][]byte
	tries         []int
	ends, expires []time.Time
}

func columnsOf(budgets []budget, now time.Time) columns {
	c := columns{keys: keysOf(budgets)}
	for _, b := range budgets {
		c.tries = append(c.tries, b.tries)
		c.ends = append(c.ends, now.Add(b.window))
		c.expires = append(c.expires, now.Add(b.window+b.keep+time.Hour).Truncate(time.Hour))
	}
	return c
}

func keysOf(budgets []budget) [][]byte {
	keys := make([][]byte, len(budgets))
	for i, b := range budgets {
		keys[i] = b.key.bytes()
	}
	return keys
}

// provenExpiry is when a source is not known any more.
func provenExpiry(now time.Time) time.Time { return now.Add(knownFor + day).Truncate(day) }
