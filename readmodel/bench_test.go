package readmodel_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/pgtest"
	"am-user-management/readmodel"
)

// BenchmarkRead compares the checks that requests make with the least that any read costs, a SELECT by primary key,
// on tables of 100,000 users who have two sessions each.
func BenchmarkRead(b *testing.B) {
	const users = 100_000
	pool := pgtest.New(b)
	for _, statement := range []string{
		`INSERT INTO accounts SELECT md5('u' || n)::uuid, 0, n, 'ACTIVE', n || '@example.com', NULL, NULL, now() FROM generate_series(1, $1::int) n`,
		`INSERT INTO profiles SELECT md5('u' || n)::uuid, 0, n, 'Ann', 'Lee', 'a bio', NULL, 'UTC', 'en', '', now(), now() FROM generate_series(1, $1::int) n`,
		`INSERT INTO access SELECT md5('u' || n)::uuid, 0, n, '[{"role": "editor", "assigned_at": "2026-03-01T12:00:00Z"}]' FROM generate_series(1, $1::int) n`,
		`INSERT INTO sessions SELECT md5('s' || n)::uuid, 0, n, md5('u' || n % $1)::uuid, sha256(n::text::bytea), NULL, NULL, now(), now() + interval '1 day', 7200, NULL FROM generate_series(1, 2 * $1::int) n`,
		`INSERT INTO session_activity SELECT session_id, now() FROM sessions WHERE $1::int > 0`,
		`INSERT INTO roles SELECT r, 0, 0, ARRAY[r || ':read'], ARRAY['viewer'], true FROM unnest(ARRAY['viewer', 'editor', 'admin', 'auditor']) r WHERE $1::int > 0`,
	} {
		if _, err := pool.Exec(b.Context(), statement, users); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := pool.Exec(b.Context(), `ANALYZE`); err != nil {
		b.Fatal(err)
	}
	var secrets [][]byte
	var ids []uuid.UUID
	rows, err := pool.Query(b.Context(), `SELECT secret_hash, user_id::text FROM sessions WHERE session_id < '20000000-0000-0000-0000-000000000000' AND user_id IN (SELECT user_id FROM profiles)`)
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		var secret []byte
		var id string
		if err := rows.Scan(&secret, &id); err != nil {
			b.Fatal(err)
		}
		secrets, ids = append(secrets, secret), append(ids, uuid.MustParse(id))
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	reader, now := readmodel.New(pool), time.Now()
	for _, c := range []struct {
		name string
		read func(ctx context.Context, n int) error
	}{
		{"by primary key", func(ctx context.Context, n int) error { _, err := reader.Profile(ctx, ids[n]); return err }},
		{"caller", func(ctx context.Context, n int) error { _, err := reader.Caller(ctx, secrets[n], now); return err }},
		{"profile of the caller", func(ctx context.Context, n int) error {
			_, _, err := reader.ProfileFor(ctx, secrets[n], now)
			return err
		}},
		{"principal", func(ctx context.Context, n int) error { _, err := reader.Principal(ctx, secrets[n], now); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for n := 0; pb.Next(); n++ {
					if err := c.read(b.Context(), n*7919%len(ids)); err != nil {
						b.Error(fmt.Errorf("session %d: %w", n, err))
						return
					}
				}
			})
		})
	}
}
