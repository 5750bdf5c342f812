package feed

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

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
