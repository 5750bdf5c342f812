package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/internal/logcopy"
)

// Target is the empty place that a backup is restored into.
type Target struct {
	// EventStore is an address for logcopy.Open, or folder:/path for what is to become a node's folder.
	EventStore, DatabaseURL, KeyringURL string
	// Views are the tables that the log makes again: their checkpoints go to its beginning.
	Views []string
	// Erased are files by WriteErased of later days: whose keys were destroyed after the backup was taken.
	Erased []string
}

// Restored is what came of it.
type Restored struct {
	Manifest Manifest
	// Destroyed is how many keys the lists of Target.Erased destroyed that the backup still had.
	Destroyed int64
}

// ErrNotEmpty: there is something in the place to restore into. Nothing was changed.
var ErrNotEmpty = errors.New("is not empty")

// Restore brings a backup back, and checks everything that it brought back. Where it fails on the way, it leaves an
// unfinished place: empty that and begin anew. The errors are ErrNotEmpty and those of the stores.
func Restore(ctx context.Context, dir string, to Target, logger *slog.Logger, progress Progress) (Restored, error) {
	m, err := Load(dir)
	if err != nil {
		return Restored{}, err
	}
	var erased []uuid.UUID
	for _, path := range to.Erased {
		subjects, err := readErased(path)
		if err != nil {
			return Restored{}, err
		}
		erased = append(erased, subjects...)
	}
	conn, err := emptyDatabase(ctx, to.DatabaseURL)
	if err != nil {
		return Restored{}, fmt.Errorf("the database of the tables: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was to be kept is committed
	keys, err := emptyDatabase(ctx, to.KeyringURL)
	if err != nil {
		return Restored{}, fmt.Errorf("the database of the key ring: %w", err)
	}
	defer keys.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was to be kept is committed
	log, moved, err := restoreLog(ctx, dir, to.EventStore, logger, progress)
	if err != nil {
		return Restored{}, fmt.Errorf("the log: %w", err)
	}
	defer log.Close() //nolint:errcheck // it was only read since
	for file, database := range map[string]string{tablesFile: to.DatabaseURL, keysFile: to.KeyringURL} {
		if err := runTool(ctx, "pg_restore", database, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
			filepath.Join(dir, file)); err != nil {
			return Restored{}, err
		}
	}
	result := Restored{Manifest: m}
	if result.Destroyed, err = erase(ctx, keys, erased); err != nil {
		return result, fmt.Errorf("destroy keys again: %w", err)
	}
	if err := adapt(ctx, conn, m, to.Views, moved); err != nil {
		return result, fmt.Errorf("adapt the tables: %w", err)
	}
	return result, check(ctx, log, keys, m, progress)
}

// emptyDatabase connects to a database that has no table yet.
func emptyDatabase(ctx context.Context, address string) (*pgx.Conn, error) {
	conn, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	var tables int
	err = conn.QueryRow(ctx, `
		SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'`).Scan(&tables)
	if err == nil && tables > 0 {
		err = fmt.Errorf("%w: it has %d tables", ErrNotEmpty, tables)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// restoreLog brings the log back, and returns what translates positions of the backup to its own.
func restoreLog(ctx context.Context, dir, address string, logger *slog.Logger, progress Progress) (*logcopy.Log, func(uint64) uint64, error) {
	same := func(position uint64) uint64 { return position }
	if folder, ok := logcopy.Folder(address); ok {
		if err := emptyFolder(folder); err != nil {
			return nil, nil, err
		}
		if err := copyFiles(filepath.Join(dir, logFolder), folder); err != nil {
			return nil, nil, err
		}
		log, err := logcopy.Open(ctx, address, logger)
		return log, same, err
	}
	// A node writes to its folder when it starts: the backup stays as it is.
	spare, err := os.MkdirTemp("", "restore")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(spare) //nolint:errcheck // it is in the folder for such
	if err := copyFiles(filepath.Join(dir, logFolder), spare); err != nil {
		return nil, nil, err
	}
	source, err := logcopy.Open(ctx, "folder:"+spare, logger)
	if err != nil {
		return nil, nil, err
	}
	defer source.Close() //nolint:errcheck // it was only read
	log, err := logcopy.Open(ctx, address, logger)
	if err != nil {
		return nil, nil, err
	}
	translate, err := copyBack(ctx, source, log, progress)
	if err != nil {
		return nil, nil, errors.Join(err, log.Close())
	}
	return log, translate, nil
}

// copyBack copies a log into an empty store. Positions of the one are found in the other by what a walk through both
// has seen.
func copyBack(ctx context.Context, source, log *logcopy.Log, progress Progress) (func(uint64) uint64, error) {
	reader := log.Read(ctx, false)
	_, err := reader.Next()
	reader.Close()
	if err == nil {
		return nil, ErrNotEmpty
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	_, err = logcopy.Copy(ctx, source, log, logcopy.Options{Copied: func(e *logcopy.Event) { progress.tell("copied", e.Position.Commit) }})
	if err != nil {
		return nil, err
	}
	first, second := source.Read(ctx, false), log.Read(ctx, false)
	defer first.Close()
	defer second.Close()
	walk := logcopy.NewWalk(first, second, false)
	moved := map[uint64]uint64{}
	for walk.Next() {
		pair := walk.Pair()
		moved[pair.A.Position.Commit] = pair.B.Position.Commit
	}
	return func(position uint64) uint64 { return moved[position] }, walk.Err()
}

// copyFiles copies a folder's files into an empty folder, onto the disk.
func copyFiles(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	_, err := sumsOf(to)
	return err
}

// adapt makes the tables fit the restored log: views begin at its beginning, everything else goes on where it was.
func adapt(ctx context.Context, conn *pgx.Conn, m Manifest, views []string, moved func(uint64) uint64) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		old, fresh := make([]int64, len(m.Positions)), make([]int64, len(m.Positions))
		for i, position := range m.Positions {
			old[i] = int64(position.Old)
			if position.New > 0 {
				fresh[i] = int64(moved(position.New))
			}
		}
		if _, err := tx.Exec(ctx, `SET LOCAL search_path = `+pgx.Identifier{m.Schema}.Sanitize()); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
			SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS m (old, new)`, old, fresh); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM checkpoints WHERE projection = ANY($1)`, views); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM parked_streams WHERE projection = ANY($1)`, views); err != nil {
			return err
		}
		var unknown int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM (
			SELECT commit_position p FROM checkpoints UNION SELECT halted_position FROM checkpoints
			UNION SELECT position FROM parked_streams UNION SELECT commit_position FROM imports) t
			WHERE p IS NOT NULL AND NOT EXISTS (SELECT FROM moved m WHERE m.old = t.p)`).Scan(&unknown)
		if err != nil {
			return err
		}
		if unknown > 0 {
			return fmt.Errorf("the backup does not say where %d positions are", unknown)
		}
		for _, statement := range []string{
			`UPDATE checkpoints c SET commit_position = m.new, prepare_position = m.new, epoch = epoch + 1, owner = NULL, lease_until = NULL
				FROM moved m WHERE m.old = c.commit_position`,
			`UPDATE checkpoints c SET halted_position = m.new FROM moved m WHERE m.old = c.halted_position`,
			`UPDATE parked_streams p SET position = m.new FROM moved m WHERE m.old = p.position`,
			`UPDATE imports i SET commit_position = m.new, prepare_position = m.new FROM moved m WHERE m.old = i.commit_position`,
			`DELETE FROM rebuilds`,
			`DELETE FROM log_anchor`,
			// Whoever worked on them is gone; what a job does bears being done again.
			`UPDATE river_job SET state = 'available', scheduled_at = now() WHERE state = 'running'`,
			`DELETE FROM river_leader`,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// check reads the restored log to its end: it must be what was backed up, and the key ring must have its keys.
func check(ctx context.Context, log *logcopy.Log, keys *pgx.Conn, m Manifest, progress Progress) error {
	digest, ring := logcopy.NewDigest(log.KeepsTimes()), &keyCheck{conn: keys}
	reader := log.Read(ctx, false)
	defer reader.Close()
	for {
		event, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		digest.Add(event)
		if err := ring.add(ctx, event); err != nil {
			return err
		}
		progress.tell("verified", event.Position.Commit)
	}
	if digest.Count() != m.Events || log.KeepsTimes() && digest.String() != m.Digest {
		return fmt.Errorf("the restored log has %d events with the digest %s; the backup has %d with %s",
			digest.Count(), digest, m.Events, m.Digest)
	}
	return ring.finish(ctx)
}
