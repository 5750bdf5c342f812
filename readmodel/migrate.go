// Package readmodel holds what readers see: the tables that projections write, as migrations, and the queries that
// answer requests from them. It knows no events and imports pgx and goose. It reads, with two exceptions, tables that no
// event tells about and that are lost in a rebuild: session_activity (when a session was last seen) and idempotency_keys
// (requests that left no event). The table attempts is of that kind, too; package limiter reads and writes it.
package readmodel

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versions is the table that holds which migrations were done.
const versions = "readmodel_migrations"

// Migrate brings the tables up to this program's version, in the first schema of the pool's search_path. Instances
// that start together wait for each other. It never goes back: an older program's tables stay readable for it.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
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
	provider, err := goose.NewProvider(database.DialectPostgres, db, files,
		goose.WithTableName(versions), goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the read model: %w", err)
	}
	return nil
}
