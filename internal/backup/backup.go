// Package backup keeps what the service keeps, to one point and while it is running: the tables that the log cannot
// make again, the log, and the key ring; and brings that back into an empty place.
//
// The order is what makes a point of it. The tables come first, in one snapshot: their checkpoints and jobs know nothing
// that the log, which comes second, does not have. The key ring comes last: it has a key for everything that the log
// has encrypted. Rows of views are left out: they are made again from the log, and a backup without them holds no
// personal data in the clear. The package imports logcopy, rebase, eventstore, pgx and runs pg_dump and pg_restore.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/logcopy"
)

// The names in a backup's folder.
const (
	manifestFile = "backup.json"
	tablesFile   = "tables.dump"
	keysFile     = "keyring.dump"
	erasedFile   = "erased.txt"
	logFolder    = "log"
)

// format is the version of the folder's layout.
const format = 1

// Manifest tells what is in a backup. It is written last: a folder without one is no backup.
type Manifest struct {
	Format  int       `json:"format"`
	TakenAt time.Time `json:"taken_at"`
	// Schema is the schema of the tables.
	Schema string `json:"schema"`
	// Events is how many events the log has, Digest that of logcopy over them, with their times.
	Events uint64 `json:"events"`
	Digest string `json:"digest"`
	// Positions translates positions that the tables name to those of the log in the backup.
	Positions []Position `json:"positions"`
	// Erased is how many keys were destroyed.
	Erased int `json:"erased"`
	// Files are the SHA-256 of all files, by their paths in the folder.
	Files map[string]string `json:"files"`
}

// Position is a position of the log that was backed up, and that of the same event in the backup.
type Position struct {
	Old uint64 `json:"old"`
	New uint64 `json:"new"`
}

// Stores are where the service keeps things.
type Stores struct {
	// EventStore is an address for logcopy.Open; DatabaseURL and KeyringURL may be the same.
	EventStore, DatabaseURL, KeyringURL string
	// Views are the tables that the log makes again.
	Views []string
}

// Progress hears of events; nil hears nothing.
type Progress func(step string, position uint64)

// Take makes a backup in a folder, which must be empty or missing. What fails leaves a folder without a manifest.
func Take(ctx context.Context, stores Stores, dir string, now time.Time, logger *slog.Logger, progress Progress) (Manifest, error) {
	m := Manifest{Format: format, TakenAt: now.UTC()}
	if err := emptyFolder(dir); err != nil {
		return m, err
	}
	old, err := dumpTables(ctx, stores, dir, &m)
	if err != nil {
		return m, fmt.Errorf("the tables: %w", err)
	}
	source, err := logcopy.OpenExisting(ctx, stores.EventStore, logger)
	if err != nil {
		return m, err
	}
	defer source.Close() //nolint:errcheck // it was only read
	if err := copyLog(ctx, source, filepath.Join(dir, logFolder), logger, progress); err != nil {
		return m, fmt.Errorf("the log: %w", err)
	}
	keys, err := dumpKeys(ctx, stores, dir, &m)
	if err != nil {
		return m, fmt.Errorf("the key ring: %w", err)
	}
	defer keys.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	if err := verifyCopy(ctx, source, filepath.Join(dir, logFolder), keys, old, &m, logger, progress); err != nil {
		return m, fmt.Errorf("the copy of the log: %w", err)
	}
	return m, m.write(dir)
}

func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	return os.MkdirAll(dir, 0o700)
}

// dumpTables writes the tables as one snapshot shows them, and returns the positions in it, in their order.
func dumpTables(ctx context.Context, stores Stores, dir string, m *Manifest) ([]uint64, error) {
	conn, err := connect(ctx, stores.DatabaseURL)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	var snapshot string
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot(), current_schema()`).Scan(&snapshot, &m.Schema); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		SELECT commit_position FROM checkpoints WHERE projection <> ALL($1)
		UNION SELECT halted_position FROM checkpoints WHERE projection <> ALL($1) AND halted_position IS NOT NULL
		UNION SELECT position FROM parked_streams WHERE projection <> ALL($1)
		UNION SELECT commit_position FROM imports ORDER BY 1`, stores.Views)
	if err != nil {
		return nil, err
	}
	signed, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	positions := make([]uint64, len(signed))
	for i, position := range signed {
		positions[i] = uint64(position)
	}
	schema := pgx.Identifier{m.Schema}.Sanitize()
	args := []string{
		"--format=custom", "--no-owner", "--no-privileges", "--snapshot=" + snapshot, "--exclude-schema=keyring",
		"--exclude-table-data=" + pgx.Identifier{m.Schema + "_rebuild"}.Sanitize() + ".*", "--file=" + filepath.Join(dir, tablesFile),
	}
	for _, view := range stores.Views {
		args = append(args, "--exclude-table-data="+schema+"."+pgx.Identifier{view}.Sanitize())
	}
	if err := writeDurably(filepath.Join(dir, tablesFile), nil); err != nil { // pg_dump keeps its mode
		return nil, err
	}
	return positions, runTool(ctx, "pg_dump", stores.DatabaseURL, args...)
}

func copyLog(ctx context.Context, source *logcopy.Log, folder string, logger *slog.Logger, progress Progress) error {
	target, err := logcopy.Open(ctx, "folder:"+folder, logger)
	if err != nil {
		return err
	}
	_, err = logcopy.Copy(ctx, source, target, logcopy.Options{FillGaps: true, Copied: func(e *logcopy.Event) {
		progress.tell("copied", e.Position.Commit)
	}})
	return errors.Join(err, target.Close())
}

func (p Progress) tell(step string, position uint64) {
	if p != nil {
		p(step, position)
	}
}

// dumpKeys writes the key ring, and the list of those whose keys were destroyed.
func dumpKeys(ctx context.Context, stores Stores, dir string, m *Manifest) (*pgx.Conn, error) {
	if err := writeDurably(filepath.Join(dir, keysFile), nil); err != nil { // pg_dump keeps its mode
		return nil, err
	}
	err := runTool(ctx, "pg_dump", stores.KeyringURL, "--format=custom", "--no-owner", "--no-privileges", "--schema=keyring",
		"--file="+filepath.Join(dir, keysFile))
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, stores.KeyringURL)
	if err != nil {
		return nil, err
	}
	erased, err := WriteErased(ctx, conn, filepath.Join(dir, erasedFile))
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	m.Erased = erased
	return conn, nil
}

// verifyCopy compares the copy with the log, as far as the copy goes, translates positions on the way, and makes sure
// that the key ring has every key that the log names.
func verifyCopy(ctx context.Context, source *logcopy.Log, folder string, keys *pgx.Conn, old []uint64, m *Manifest, logger *slog.Logger,
	progress Progress,
) (err error) {
	target, err := logcopy.OpenExisting(ctx, "folder:"+folder, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	first, second := source.Read(ctx, false), target.Read(ctx, false)
	defer first.Close()
	defer second.Close()
	walk, check := logcopy.NewWalk(first, second, true), &keyCheck{conn: keys}
	var at Position
	for walk.Next() {
		pair := walk.Pair()
		for len(old) > 0 && old[0] < pair.A.Position.Commit {
			m.Positions = append(m.Positions, Position{Old: old[0], New: at.New})
			old = old[1:]
		}
		at = Position{Old: pair.A.Position.Commit, New: pair.B.Position.Commit}
		if err := check.add(ctx, pair.B); err != nil {
			return err
		}
		progress.tell("verified", at.Old)
	}
	for _, position := range old {
		m.Positions = append(m.Positions, Position{Old: position, New: at.New})
	}
	var difference *logcopy.DifferenceError
	if err := walk.Err(); err != nil && !(errors.As(err, &difference) && difference.B == nil) { // written since
		return err
	}
	m.Events, m.Digest = walk.Equal(), walk.Digest()
	return check.finish(ctx)
}

// write adds the files' sums and puts the manifest in its place.
func (m *Manifest) write(dir string) error {
	if err := closeToOthers(dir); err != nil {
		return err
	}
	sums, err := sumsOf(dir)
	if err != nil {
		return err
	}
	m.Files = sums
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, manifestFile)
	if err := writeDurably(path+".new", text); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncPath(dir)
}

// closeToOthers leaves the files below a folder to their owner: a backup may be moved out of the folder that guards it.
func closeToOthers(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600) //nolint:gosec // the folder is the operator's own, and what is in it was just written
	})
}

// sumsOf is the SHA-256 of every file below a folder, which is on disk then.
func sumsOf(dir string) (map[string]string, error) {
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(dir, path)
		if err != nil || relErr != nil || name == manifestFile {
			return errors.Join(err, relErr)
		}
		if entry.IsDir() {
			return syncPath(path)
		}
		file, err := os.Open(path) //nolint:gosec // the folder is the operator's own, and what is in it was just written
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was only read
		sum := sha256.New()
		if _, err := io.Copy(sum, file); err != nil {
			return err
		}
		sums[filepath.ToSlash(name)] = hex.EncodeToString(sum.Sum(nil))
		return file.Sync()
	})
	return sums, err
}

// Load reads a backup's manifest and checks every file of it.
func Load(dir string) (Manifest, error) {
	var m Manifest
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%s is no backup, or one that was not finished: it has no %s", dir, manifestFile)
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.Format != format {
		return m, fmt.Errorf("%s is of format %d; this program knows %d", dir, m.Format, format)
	}
	found, err := sumsOf(dir)
	if err != nil {
		return m, err
	}
	names := make([]string, 0, len(m.Files))
	for name := range m.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if found[name] != m.Files[name] {
			return m, fmt.Errorf("%s is not what was backed up: it is missing or was altered", filepath.Join(dir, name))
		}
	}
	return m, nil
}

func writeDurably(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
