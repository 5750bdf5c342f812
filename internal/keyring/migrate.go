package keyring

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the ring's schema, "keyring", up to this program's version. Instances that start together wait for
// each other.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	if err := makeSchema(ctx, pool); err != nil {
		return fmt.Errorf("make the schema of the key ring: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close() //nolint:errcheck // the connections belong to the pool
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("keyring.migrations"), goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the key ring: %w", err)
	}
	return nil
}

// makeSchema takes a lock because CREATE SCHEMA IF NOT EXISTS fails when two do it at once. The lock's number is
// arbitrary; it ends with the transaction.
func makeSchema(ctx context.Context, pool *pgxpool.Pool) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(7242051883402190001)`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS keyring`)
		return err
	})
}
