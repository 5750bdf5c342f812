package backup_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/backup"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/jobs"
	"am-user-management/internal/keyring"
	"am-user-management/internal/logcopy"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/pgtest"
)

// house is a store and databases with something in them.
type house struct {
	t      *testing.T
	store  string
	url    string
	pool   *pgxpool.Pool
	person uuid.UUID // has a key
	key    uuid.UUID
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, store: nodetest.Start(t).Address, url: pgtest.URL(t), person: uuid.New(), key: uuid.New()}
	h.pool = pool(t, h.url)
	for _, migrate := range []error{jobs.Migrate(t.Context(), h.pool), keyring.Migrate(t.Context(), h.pool)} {
		if migrate != nil {
			t.Fatal(migrate)
		}
	}
	h.exec(`INSERT INTO keyring.keys (id, subject, state, wrapped) VALUES ($1, $2, 'active', '\x00')`, h.key, h.person)
	for i := range 5 {
		at := h.append(fmt.Sprintf("account-%d", i), h.key)
		if i == 2 {
			h.exec(`INSERT INTO checkpoints (projection, commit_position, prepare_position, owner, lease_until)
				SELECT p, $1, $1, 'o', now() + interval '1 hour' FROM unnest(ARRAY['saga-one', 'users']) p`, int64(at))
			h.exec(`INSERT INTO parked_streams (projection, stream, event_id, position, error)
				SELECT p, 's', gen_random_uuid(), $1, 'x' FROM unnest(ARRAY['saga-one', 'users']) p`, int64(at))
		}
	}
	h.exec(`INSERT INTO users (user_id, position, status, resumes, email, roles) VALUES ($1, 1, 'ACTIVE', 'ACTIVE', 'ada@example.org', '{}')`, h.person)
	h.exec(`INSERT INTO river_job (state, args, kind, max_attempts, attempted_at, attempt) VALUES ('running', '{}', 'send_mail', 5, now(), 1)`)
	return h
}

func pool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func (h *house) exec(statement string, args ...any) {
	h.t.Helper()
	if _, err := h.pool.Exec(h.t.Context(), statement, args...); err != nil {
		h.t.Fatal(err)
	}
}

// append writes an event that names a key, and returns its position.
func (h *house) append(stream string, key uuid.UUID) uint64 {
	h.t.Helper()
	client, err := esdbstore.Connect(h.store, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer client.Close()
	result, err := client.AppendToStream(h.t.Context(), stream, esdb.AppendToStreamOptions{}, esdb.EventData{
		EventID: uuid.New(), EventType: "x", ContentType: esdb.ContentTypeJson, Data: []byte("{}"),
		Metadata: fmt.Appendf(nil, `{"keys":{"personal":%q}}`, key),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return result.CommitPosition
}

func (h *house) take(dir string) (backup.Manifest, error) {
	stores := backup.Stores{EventStore: h.store, DatabaseURL: h.url, KeyringURL: h.url, Views: []string{"users"}}
	return backup.Take(h.t.Context(), stores, dir, time.Unix(0, 0), nil, nil)
}

func (h *house) mustTake() string {
	h.t.Helper()
	dir := filepath.Join(h.t.TempDir(), "backup")
	m, err := h.take(dir)
	if err != nil {
		h.t.Fatal(err)
	}
	if m.Events != 5 {
		h.t.Errorf("the backup has %d events", m.Events)
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			h.t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return dir
}

// emptyURL is a database without tables.
func emptyURL(t *testing.T) string {
	t.Helper()
	url := pgtest.URL(t)
	if _, err := pool(t, url).Exec(t.Context(), `DROP SCHEMA public CASCADE; DROP SCHEMA public_rebuild CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	return url
}

func one[T any](t *testing.T, pool *pgxpool.Pool, query string) T {
	t.Helper()
	var value T
	if err := pool.QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// A backup is restored into a folder, and into another store where positions are others.
func TestARestoredHouseGoesOnWhereTheBackupWas(t *testing.T) {
	h := newHouse(t)
	dir := h.mustTake()
	other := nodetest.Start(t).Address
	away := *h
	away.store = other
	for range 3 {
		away.append("$something-of-its-own", uuid.Nil)
	}
	for name, address := range map[string]string{"folder": "folder:" + filepath.Join(t.TempDir(), "eventstore"), "store": other} {
		t.Run(name, func(t *testing.T) {
			url := emptyURL(t)
			list := filepath.Join(t.TempDir(), "erased.txt")
			if err := os.WriteFile(list, []byte(h.person.String()+"\n"+uuid.NewString()+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := backup.Restore(t.Context(), dir, backup.Target{
				EventStore: address, DatabaseURL: url, KeyringURL: url, Views: []string{"users"}, Erased: []string{list},
			}, nil, nil)
			if err != nil || r.Destroyed != 1 {
				t.Fatalf("%+v, %v", r, err)
			}
			restored := pool(t, url)
			log, err := logcopy.Open(t.Context(), address, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			reader := log.Read(t.Context(), false)
			defer reader.Close()
			var third *logcopy.Event
			for range 3 {
				if third, err = reader.Next(); err != nil {
					t.Fatal(err)
				}
			}
			for query, want := range map[string]int64{
				`SELECT commit_position FROM checkpoints`:                     int64(third.Position.Commit),
				`SELECT position FROM parked_streams`:                         int64(third.Position.Commit),
				`SELECT count(*) FROM checkpoints`:                            1, // the view's is gone
				`SELECT count(lease_until) FROM checkpoints`:                  0,
				`SELECT count(*) FROM users`:                                  0,
				`SELECT count(*) FROM river_job WHERE state = 'available'`:    1,
				`SELECT count(*) FROM keyring.keys WHERE state = 'destroyed'`: 2,
			} {
				if got := one[int64](t, restored, query); got != want {
					t.Errorf("%s: %d, not %d", query, got, want)
				}
			}
		})
	}
}

func TestNoBackupIsMadeOfALogWhoseKeysAreMissing(t *testing.T) {
	h := newHouse(t)
	h.append("account-6", uuid.New())
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := h.take(dir); err == nil || !strings.Contains(err.Error(), "lacks 1 keys") {
		t.Errorf("the error is %v", err)
	}
	if _, err := backup.Load(dir); err == nil || !strings.Contains(err.Error(), "no backup") {
		t.Errorf("it can be loaded: %v", err)
	}
}

func TestNothingIsRestoredOverSomething(t *testing.T) {
	h := newHouse(t)
	dir := h.mustTake()
	empty, url := "folder:"+filepath.Join(t.TempDir(), "eventstore"), emptyURL(t)
	for name, to := range map[string]backup.Target{
		"tables":   {EventStore: empty, DatabaseURL: h.url, KeyringURL: url},
		"key ring": {EventStore: empty, DatabaseURL: url, KeyringURL: h.url},
		"log":      {EventStore: h.store, DatabaseURL: url, KeyringURL: url},
	} {
		if _, err := backup.Restore(t.Context(), dir, to, nil, nil); !errors.Is(err, backup.ErrNotEmpty) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tables := one[int64](t, pool(t, url), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); tables != 0 {
		t.Errorf("%d tables were made", tables)
	}
	if _, err := h.take(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a backup over a backup: %v", err)
	}
}
