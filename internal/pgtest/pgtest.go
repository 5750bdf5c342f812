// Package pgtest gives every test a database of its own, with the read model's tables. Without DATABASE_URL it runs a
// PostgreSQL server for the test binary, below the folder for temporary files, which later runs use again.
package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/postgres"
	"am-user-management/readmodel"
)

// patience bounds the start of a server and each step of making a database.
const patience = time.Minute

// slots is how many test binaries of one user can run at once.
const slots = 32

// New returns a pool on a fresh database with all tables. Both are gone when the test ends.
func New(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	pool, err := pgxpool.New(tb.Context(), URL(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// URL returns the address of a fresh database with all tables. It is gone when the test ends.
func URL(tb testing.TB) string {
	tb.Helper()
	host, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	name := "test_" + rand.Text()
	if err := host.create(ctx, name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := host.exec(ctx, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	return host.url(name)
}

// host is a server to make databases on.
type host struct {
	address  *url.URL
	template string // a database with all tables, to copy; "" where none may stay behind
}

// shared is the host of this test binary. A test has nobody who could hand it one, hence the package variable.
var shared = sync.OnceValues(func() (*host, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if configured := os.Getenv("DATABASE_URL"); configured != "" {
		address, err := url.Parse(configured)
		if err != nil {
			return nil, errors.New("DATABASE_URL is not a URL")
		}
		return &host{address: address}, nil
	}
	server, err := start(ctx)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(server.URL("postgres"))
	if err != nil {
		return nil, err
	}
	h := &host{address: address}
	if err := h.sweep(ctx); err != nil {
		return nil, err
	}
	if err := h.create(ctx, "prepared"); err != nil {
		return nil, err
	}
	h.template = "prepared"
	return h, nil
})

// start starts a server in the first free slot. Nobody stops it: it ends with the test binary.
func start(ctx context.Context) (*postgres.Server, error) {
	bin, err := postgres.Find()
	if err != nil && !errors.Is(err, postgres.ErrNotInstalled) {
		return nil, err
	}
	base := filepath.Join(os.TempDir(), "pgtest-"+strconv.Itoa(os.Geteuid())+"-"+filepath.Base(filepath.Dir(bin)))
	for slot := range slots {
		server, err := postgres.Start(ctx, postgres.Options{
			Dir: filepath.Join(base, strconv.Itoa(slot)), Disposable: true,
			Settings: map[string]string{"max_connections": "200"},
		})
		if !errors.Is(err, postgres.ErrInUse) {
			return server, err
		}
	}
	return nil, fmt.Errorf("all %d servers below %s are in use", slots, base)
}

// sweep drops the databases that an earlier test binary left behind.
func (h *host) sweep(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, h.address.String())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}

// create makes a database with all tables.
func (h *host) create(ctx context.Context, name string) error {
	if err := h.exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(cmp.Or(h.template, "template0"))); err != nil {
		return err
	}
	if h.template != "" {
		return nil
	}
	pool, err := pgxpool.New(ctx, h.url(name))
	if err != nil {
		return err
	}
	defer pool.Close()
	return readmodel.Migrate(ctx, pool)
}

func (h *host) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, h.address.String())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	_, err = conn.Exec(ctx, statement)
	return err
}

func (h *host) url(database string) string {
	address := *h.address
	address.Path = "/" + database
	return address.String()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
