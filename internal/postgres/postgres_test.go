package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/postgres"
)

func TestDataSurvivesARestart(t *testing.T) {
	for name, mode := range map[string]os.FileMode{"in an open folder": 0o755, "below a folder that is ours alone": 0o700} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := folder(t, mode)
			server := start(t, filepath.Join(base, "pg"))
			if err := server.EnsureDatabase(t.Context(), "app"); err != nil {
				t.Fatal(err)
			}
			execute(t, server, `CREATE TABLE kept (n int)`)
			stop(t, server)

			server = start(t, filepath.Join(base, "pg"))
			if err := server.EnsureDatabase(t.Context(), "app"); err != nil {
				t.Fatal(err)
			}
			execute(t, server, `INSERT INTO kept VALUES (1)`)
			stop(t, server)
		})
	}
}

func TestAPathTooLongForASocketDoesNotMatter(t *testing.T) {
	t.Parallel()
	server := start(t, filepath.Join(folder(t, 0o755), strings.Repeat("long/", 20)))
	execute(t, server, `SELECT 1`)
	stop(t, server)
}

func TestAFolderHasOneServer(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	server := start(t, dir)
	if _, err := postgres.Start(t.Context(), postgres.Options{Dir: dir}); !errors.Is(err, postgres.ErrInUse) {
		t.Errorf("a second start returned %v, want ErrInUse", err)
	}
	stop(t, server)
	stop(t, start(t, dir))
}

func TestAServerThatWasForgottenKeepsItsFolder(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	done := start(t, dir).Done() // nothing refers to the server from here on
	runtime.GC()
	if _, err := postgres.Start(t.Context(), postgres.Options{Dir: dir}); !errors.Is(err, postgres.ErrInUse) {
		t.Errorf("a second start returned %v, want ErrInUse", err)
	}
	interrupt(t, dir)
	<-done
}

func TestADisposableServerStartsAnewFromBrokenData(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	if err := os.Remove(filepath.Join(dir, "data", "global", "pg_control")); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Start(t.Context(), postgres.Options{Dir: dir}); err == nil {
		t.Fatal("a server that is not disposable started from broken data")
	}
	server, err := postgres.Start(t.Context(), postgres.Options{Dir: dir, Disposable: true})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, server, `SELECT 1`)
	stop(t, server)
}

func TestABadSettingIsNamedInTheError(t *testing.T) {
	t.Parallel()
	_, err := postgres.Start(t.Context(), postgres.Options{
		Dir: prepared(t), Settings: map[string]string{"max_connections": "many"},
	})
	if err == nil || !strings.Contains(err.Error(), "max_connections") {
		t.Errorf("got %v, want an error that names the setting", err)
	}
}

func TestTheServerEndsWithAKilledParent(t *testing.T) {
	t.Parallel()
	dir := prepared(t)
	parent := exec.Command(os.Args[0], "-test.run=^TestParentProcess$") // killed below
	parent.Env = append(os.Environ(), "POSTGRES_TEST_DIR="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "started" {
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed

	server := start(t, dir)
	execute(t, server, `INSERT INTO kept VALUES (1)`)
	stop(t, server)
}

// TestParentProcess is the process that the test above kills.
func TestParentProcess(t *testing.T) {
	dir := os.Getenv("POSTGRES_TEST_DIR")
	if dir == "" {
		return
	}
	server := start(t, dir)
	if err := server.EnsureDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	execute(t, server, `CREATE TABLE kept (n int)`)
	if _, err := os.Stdout.WriteString("started\n"); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
}

func folder(t *testing.T, mode os.FileMode) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pg") //nolint:usetesting // nobody else may enter the folders that testing makes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cluster is a folder with a database cluster that no server runs on. Making one takes longer than all the rest of a
// test, so it is made once.
var cluster = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return "", err
	}
	clusterDir.Store(&dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := postgres.Start(ctx, postgres.Options{Dir: dir, Disposable: true})
	if err != nil {
		return "", err
	}
	return dir, server.Stop(ctx)
})

// clusterDir is what cluster made, for TestMain to remove.
var clusterDir atomic.Pointer[string]

// prepared is a copy of the cluster.
func prepared(t *testing.T) string {
	t.Helper()
	original, err := cluster()
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, 0o755)
	if output, err := exec.CommandContext(t.Context(), "cp", "-a", filepath.Join(original, "data"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir := clusterDir.Load(); dir != nil {
		_ = os.RemoveAll(*dir) // below the folder for temporary files
	}
	os.Exit(code)
}

func start(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := postgres.Start(ctx, postgres.Options{Dir: dir, Disposable: true})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func stop(t *testing.T, server *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
	<-server.Done()
}

// interrupt shuts down the server of a folder from outside.
func interrupt(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

func execute(t *testing.T, server *postgres.Server, statement string) {
	t.Helper()
	database := "app"
	if statement == `SELECT 1` {
		database = "postgres"
	}
	conn, err := pgx.Connect(t.Context(), server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
