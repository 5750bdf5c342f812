package feed_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/postgres"
	"am-user-management/readmodel"
)

// ownServer is a Postgres that this test may crash, and that keeps its promises to the disk.
func ownServer(t *testing.T) *pgxpool.Pool {
	t.Helper()
	folder, err := os.MkdirTemp("", "feed-pg") //nolint:usetesting // the server's account must reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o711); err != nil {
		t.Fatal(err)
	}
	server, err := postgres.Start(t.Context(), postgres.Options{Dir: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	pool, err := pgxpool.New(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if err := readmodel.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	_, err = pool.Exec(t.Context(),
		`CREATE TABLE counted (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, projection text, n bigint)`)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// crash kills a process of the server and waits for the others to end; an error if there was none to kill yet.
func crash(t *testing.T, pool *pgxpool.Pool) error {
	t.Helper()
	witness, err := pgx.ConnectConfig(t.Context(), pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer witness.Close(t.Context()) // it is dead
	conn, err := pgx.ConnectConfig(t.Context(), pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(t.Context()) // it is dead
	var pid int
	if err := conn.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	eventually(t, "the server did not crash", func() bool { return witness.Ping(t.Context()) != nil })
	return nil
}

// TestCrashOfPostgres crashes the server again and again by killing one of its processes, upon which it ends all
// others and recovers from its log. Commits that had not reached the disk are lost.
func TestCrashOfPostgres(t *testing.T) {
	t.Parallel()
	b := &bench{pool: ownServer(t), log: newFakeLog(), decoder: &numbers{}}
	f, _ := b.run(t, b.options(&counted{name: "a"}))
	for range 5 {
		wait(t, f, "a", b.log.add(30))
		eventually(t, "the server does not come back", func() bool { return crash(t, b.pool) == nil })
		b.log.add(30)
	}
	last := b.log.add(1)
	wait(t, f, "a", last)
	eventually(t, "the server does not come back", func() bool { return b.pool.Ping(t.Context()) == nil })
	b.check(t, "a", 301)
	if s := status(t, f, "a"); s.Halt != nil {
		t.Errorf("a crash halted the projection: %+v", s.Halt)
	}
}
