// Package postgres runs a PostgreSQL server as a child process, for `userd dev` and for tests: a fresh machine needs
// no configured database. The server listens on a unix socket only, in a folder that nobody else can enter, and ends
// with us, even when we are killed. It imports the standard library and pgx.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// ErrInUse is a folder whose server another process runs.
var ErrInUse = errors.New("the database folder is in use by another process")

// ErrNoData is a folder that is not there or holds no server's data.
var ErrNoData = errors.New("there is no PostgreSQL data")

// Exists returns nil if a server has its data in the folder, else ErrNoData or what the disk said. It makes nothing.
func Exists(dir string) error {
	_, err := os.Stat(filepath.Join(dir, dataFolder, versionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w in %s", ErrNoData, dir)
	}
	return err
}

const (
	dataFolder = "data" // in Options.Dir
	// versionFile is there as soon as the server's data are.
	versionFile = "PG_VERSION"
)

// Options of a server.
type Options struct {
	// Dir holds the server's data and is made if absent. Its data survives restarts.
	Dir string
	// Logger gets what the server prints, at debug level. Nil discards it.
	Logger *slog.Logger
	// Settings are PostgreSQL settings, such as shared_buffers, on top of the server's own defaults.
	Settings map[string]string
	// Disposable is for tests: the data may be lost at any time. The server never waits for the disk, and data that it
	// can't start from are made anew.
	Disposable bool
}

// Server is a running server.
type Server struct {
	dir     string // absolute
	sockets string // the folder of the unix socket
	lock    *os.File
	child   *child
}

// Start starts the server of the folder, after making its database cluster if there is none yet, and returns when it
// takes connections. ctx bounds the start only. The server runs until Stop, or until this process ends. It returns
// ErrInUse if another process runs the server of this folder, and ErrNotInstalled if there is no PostgreSQL.
func Start(ctx context.Context, options Options) (*Server, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	bin, err := findOrInstall(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // the server runs as another user below it
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	lock, err := acquire(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	server := &Server{dir: dir, lock: lock}
	err = server.start(ctx, bin, options)
	if err != nil && options.Disposable && ctx.Err() == nil {
		err = errors.Join(err, os.RemoveAll(server.data()))
		if againErr := server.start(ctx, bin, options); againErr == nil {
			err = nil
		}
	}
	if err != nil {
		server.release()
		return nil, err
	}
	return server, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, dataFolder) }

func (s *Server) start(ctx context.Context, bin string, options Options) error {
	data := s.data()
	id, err := identify(s.dir, data)
	if err != nil {
		return err
	}
	if err := initialise(ctx, bin, data, id, options.Disposable); err != nil {
		return id.explain(s.dir, err)
	}
	if err := endOrphan(ctx, data); err != nil {
		return err
	}
	if s.sockets, err = socketDir(s.dir, id); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), //nolint:noctx // the program found; it outlives the context of the start
		"-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories="+s.sockets, "-c", "lc_messages=C",
		"-c", "logging_collector=off", "-c", "log_destination=stderr")
	if options.Disposable {
		cmd.Args = append(cmd.Args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	for _, name := range sortedKeys(options.Settings) {
		cmd.Args = append(cmd.Args, "-c", name+"="+options.Settings[name])
	}
	cmd.Env, cmd.Dir = environment(), "/"
	cmd.SysProcAttr = id.attributes(true)
	s.child, err = spawn(cmd, s.lock, options.Logger)
	if err != nil {
		return id.explain(s.dir, err)
	}
	select {
	case <-s.child.ready:
		return nil
	case <-s.child.done:
		return fmt.Errorf("PostgreSQL did not start: %w", s.child.failure())
	case <-ctx.Done():
		s.child.kill()
		return fmt.Errorf("PostgreSQL did not start in time: %w", ctx.Err())
	}
}

// initialise makes the cluster beside its final place first, so that an interrupted start leaves no half of one.
func initialise(ctx context.Context, bin, data string, id *identity, disposable bool) error {
	if _, err := os.Stat(filepath.Join(data, versionFile)); err == nil {
		return nil
	}
	fresh := data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := id.own(fresh); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
		"-D", fresh, "-U", "postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-instructions")
	if disposable {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	cmd.Env, cmd.Dir = environment(), "/"
	cmd.SysProcAttr = id.attributes(false)
	if err := run(cmd); err != nil {
		return explainRoom(filepath.Dir(data), err)
	}
	return os.Rename(fresh, data)
}

// freshBytes is what a new cluster takes, with one database in it, and some more.
const freshBytes = 64 << 20

// explainRoom adds how much room is needed where there is less: initdb may lose its reason among other lines.
func explainRoom(dir string, err error) error {
	const mebibyte = 1 << 20
	if free, ok := freeBytes(dir); ok && free < freshBytes {
		return fmt.Errorf("%w; a new database needs %d MiB of free space in %s, there are %d MiB", err, freshBytes/mebibyte, dir, free/mebibyte)
	}
	return err
}

// URL is the address of one of the server's databases.
func (s *Server) URL(database string) string {
	query := url.Values{"host": {s.sockets}, "user": {"postgres"}}
	return "postgres:///" + url.PathEscape(database) + "?" + query.Encode()
}

// EnsureDatabase makes the database unless it exists.
func (s *Server) EnsureDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize())
	return err
}

// Done is closed when the server ended, by Stop or of itself.
func (s *Server) Done() <-chan struct{} { return s.child.done }

// Stop shuts the server down: open transactions are rolled back, everything committed is on disk. When ctx ends first
// the server is stopped at once and recovers at its next start; that is an error.
func (s *Server) Stop(ctx context.Context) error {
	defer s.release()
	s.child.signal(syscall.SIGINT)
	select {
	case <-s.child.done:
		return nil
	case <-ctx.Done():
		s.child.kill()
		return fmt.Errorf("PostgreSQL did not stop in time: %w", ctx.Err())
	}
}

// release gives the folder free and removes a socket folder outside of it.
func (s *Server) release() {
	if s.sockets != "" && filepath.Dir(s.sockets) != s.dir {
		_ = os.RemoveAll(s.sockets) // only leaves an empty folder behind
	}
	_ = s.lock.Close() // closing unlocks
}

// maxSocketDir leaves room for the socket's name in the 104 to 108 bytes that systems take.
const maxSocketDir = 85

// socketDir makes the folder of the socket below dir, or below the system's folder for temporary files if the path
// would be too long for a socket.
func socketDir(dir string, id *identity) (string, error) {
	sockets := filepath.Join(dir, "socket")
	if len(sockets) > maxSocketDir {
		var err error
		if sockets, err = os.MkdirTemp("", "postgres-"); err != nil {
			return "", err
		}
	}
	return sockets, id.own(sockets)
}

// environment is what the server's programs see of ours: nothing that could change what they do.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

func sortedKeys(settings map[string]string) []string {
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
