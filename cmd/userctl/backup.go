package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/backup"
	"am-user-management/internal/node/store"
	"am-user-management/internal/postgres"
	"am-user-management/projections"
)

const aboutBackup = `Backs up a service that may be running: the log of EVENTSTORE_URL, the tables of DATABASE_URL and the key ring of
KEYRING_DATABASE_URL (if that is not set, DATABASE_URL), into an empty folder. Needs pg_dump. The log becomes a folder of
the embedded node, whatever store it comes from, with the times of creation. With --data it backs up what userd dev keeps
in a folder, while that is stopped.

Views are not in it, because the log makes them again; so it holds no personal data in the clear. Nor are the secrets
in it that open it: keep KEYRING_KEK, SERVER_SECRET and PASSWORD_PEPPERS (userd dev: DATA_DIR/secrets) elsewhere.
`

func takeBackup(ctx context.Context, args []string, t terminal) (err error) {
	flags := flag.NewFlagSet("userctl backup", flag.ContinueOnError)
	to := flags.String("to", "", "the `folder` to make, empty if it exists")
	data := flags.String("data", "", "the DATA_DIR of a userd dev that is stopped, a `folder`")
	if err := parse(flags, args, t, aboutBackup, "to"); err != nil {
		return err
	}
	if *data != "" {
		if err := t.checkData(*data); err != nil {
			return fmt.Errorf("--data: %w", err)
		}
	}
	from, err := t.places(ctx, *data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	shown := steps{t: t}
	m, err := backup.Take(ctx, backup.Stores{EventStore: from.store, DatabaseURL: from.tables, KeyringURL: from.ring, Views: views()},
		*to, time.Now(), t.log, shown.at)
	shown.done()
	if err != nil {
		return err
	}
	fmt.Fprintf(t.stdout, "backed up: events=%d sha256=%s erased=%d taken_at=%s\n", m.Events, m.Digest, m.Erased, m.TakenAt.Format(time.RFC3339))
	return nil
}

const aboutRestore = `Brings a backup back into an empty place, and checks it: every file, every event, every key. Needs pg_restore.

With --data it goes where userd dev keeps its data; the Postgres of DATABASE_URL is used instead, if that is set. Without
--data the log goes to EVENTSTORE_URL, which may be folder:/path for what userd node is to serve, and the rest to
DATABASE_URL and KEYRING_DATABASE_URL. The databases must exist and be empty.

A backup has the keys of those who were erased after it was taken. --erased names a list of the erased of a later day
(userctl erased, or erased.txt of a later backup): their keys are destroyed again before anybody can read them. Say
--erased none if there is no such list, and do those erasures again by hand.
`

func restoreBackup(ctx context.Context, args []string, t terminal) (err error) {
	flags := flag.NewFlagSet("userctl restore", flag.ContinueOnError)
	from := flags.String("from", "", "the backup's `folder`")
	data := flags.String("data", "", "the DATA_DIR of userd dev to restore into, a `folder`")
	to := backup.Target{Views: views()}
	flags.Func("erased", "a list of those erased since, a `file`, or none; may be given again", func(path string) error {
		if path != "none" {
			to.Erased = append(to.Erased, path)
		}
		return nil
	})
	if err := parse(flags, args, t, aboutRestore, "from", "erased"); err != nil {
		return err
	}
	into, err := t.places(ctx, *data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.close()) }()
	to.EventStore, to.DatabaseURL, to.KeyringURL = into.store, into.tables, into.ring
	shown := steps{t: t}
	r, err := backup.Restore(ctx, *from, to, t.log, shown.at)
	shown.done()
	if err != nil {
		return err
	}
	fmt.Fprintf(t.stdout, "restored and verified: events=%d taken_at=%s keys_destroyed_again=%d\n",
		r.Manifest.Events, r.Manifest.TakenAt.Format(time.RFC3339), r.Destroyed)
	return nil
}

// places are where a service keeps things.
type places struct {
	store, tables, ring string
	close               func() error
}

// What userd dev makes in its DATA_DIR.
const (
	storeFolder    = "eventstore"
	postgresFolder = "postgres"
	// embeddedDatabase is the database in its Postgres.
	embeddedDatabase = "users"
)

// checkData sees that a folder is one of userd dev, before places would make it one. Where DATABASE_URL names a Postgres,
// it need not have one.
func (t terminal) checkData(folder string) error {
	if err := store.Exists(store.Options{Dir: filepath.Join(folder, storeFolder)}); err != nil {
		return err
	}
	if _, _, err := t.databases(); !errors.Is(err, errNotSet) {
		return err
	}
	return postgres.Exists(filepath.Join(folder, postgresFolder))
}

// places are those of the settings, or, where a folder is named, those of userd dev in it: its Postgres is run unless
// DATABASE_URL names another.
func (t terminal) places(ctx context.Context, data string) (p places, err error) {
	p.close = func() error { return nil }
	if data == "" {
		if p.store, err = t.setting("EVENTSTORE_URL"); err != nil {
			return p, fmt.Errorf("--data is not given, and %w", err)
		}
	} else {
		p.store = "folder:" + filepath.Join(data, storeFolder)
	}
	if p.tables, p.ring, err = t.databases(); data == "" || !errors.Is(err, errNotSet) {
		return p, err
	}
	server, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(data, postgresFolder), Logger: t.log})
	if err != nil {
		return p, err
	}
	p.close = func() error { return server.Stop(context.WithoutCancel(ctx)) }
	if err := server.EnsureDatabase(ctx, embeddedDatabase); err != nil {
		return p, errors.Join(err, p.close())
	}
	p.tables = server.URL(embeddedDatabase)
	p.ring = p.tables
	return p, nil
}

const aboutErased = `Writes down whose keys were destroyed, one id a line, from the key ring of KEYRING_DATABASE_URL (if that is not set,
DATABASE_URL). Whoever restores an older backup needs the list, or the erased would be readable again: write it every
hour, say, to where backups are. It tells nobody who they were.
`

func listErased(ctx context.Context, args []string, t terminal) error {
	flags := flag.NewFlagSet("userctl erased", flag.ContinueOnError)
	to := flags.String("to", "", "the `file` to write")
	if err := parse(flags, args, t, aboutErased, "to"); err != nil {
		return err
	}
	_, ring, err := t.databases()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, ring)
	if err != nil {
		return errors.New("the key ring's Postgres does not answer") // pgx may quote the URL
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	erased, err := backup.WriteErased(ctx, conn, *to)
	if err == nil {
		fmt.Fprintf(t.stdout, "erased=%d\n", erased)
	}
	return err
}

// views are the tables that the log makes again.
func views() []string {
	var names []string
	for _, projection := range projections.All() {
		names = append(names, projection.Name())
	}
	return names
}

// databases are those of the tables and of the key ring.
func (t terminal) databases() (tables, ring string, err error) {
	if tables, err = t.setting("DATABASE_URL"); err != nil {
		return "", "", err
	}
	if ring, err = t.setting("KEYRING_DATABASE_URL"); errors.Is(err, errNotSet) {
		return tables, tables, nil
	}
	return tables, ring, err
}

// steps shows the progress of each step of something.
type steps struct {
	t       terminal
	step    string
	current *progress
}

func (s *steps) at(step string, position uint64) {
	if step != s.step {
		s.done()
		s.step, s.current = step, newProgress(s.t.stderr, step, 0)
	}
	s.current.at(position)
}

func (s *steps) done() {
	if s.current != nil {
		s.current.done()
	}
}
