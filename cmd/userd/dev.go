package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"am-user-management/internal/clock"
	"am-user-management/internal/config"
	"am-user-management/internal/node"
	"am-user-management/internal/postgres"
	"am-user-management/internal/smtpcatcher"
	"am-user-management/internal/tokenservice"
)

// maxSocketPath is what fits the address of a unix socket everywhere.
const maxSocketPath = 100

// dev runs the service with everything it needs in one process, but Postgres, which is its child. What the settings
// name is used instead of what would be embedded.
func dev(ctx context.Context, c config.Config, log *slog.Logger, stdout io.Writer) (err error) {
	failed := make(chan error, 2)
	around := surroundings{
		eventStore: hostsOf(c.Stores.EventStoreURL.Text()), postgres: hostsOf(c.Stores.DatabaseURL.Text()),
		failed: failed, clock: clock.New(time.Now), movable: true,
	}
	var stops []func() error
	defer func() {
		for i := len(stops) - 1; i >= 0; i-- {
			err = errors.Join(err, stops[i]())
		}
	}()
	if err := os.MkdirAll(c.Process.DataDir, 0o755); err != nil { //nolint:gosec // Postgres runs as another user below it
		return err
	}
	pidFile := filepath.Join(c.Process.DataDir, "userd.pid")
	if !c.Stores.EventStoreURL.IsSet() {
		store, err := devEventStore(ctx, &c, log)
		if err != nil {
			return err
		}
		stops = append(stops, store.stop)
		around.eventStore, around.alone = store.address, true
		go func() { failed <- <-store.failed }()
	}
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return err
	}
	stops = append(stops, func() error { return os.Remove(pidFile) })
	if !c.Stores.DatabaseURL.IsSet() {
		stop, err := devPostgres(ctx, &c, log, failed)
		if err != nil {
			return err
		}
		stops = append(stops, stop)
		around.postgres = c.Stores.DatabaseURL.Text() // a socket in a folder of ours: no secret
	}
	if !c.Mail.SMTPURL.IsSet() {
		catcher, err := smtpcatcher.Start(smtpcatcher.Options{
			Dir: filepath.Join(c.Process.DataDir, "mail"), Now: time.Now, Logger: log,
		})
		if err != nil {
			return err
		}
		stops = append(stops, catcher.Close)
		c.Mail.SMTPURL = config.NewSecret(catcher.URL())
		if around.devMail, err = catcher.Handler("/dev/mail"); err != nil {
			return err
		}
	}
	if c.TokenService.URL == "" {
		stop, err := devTokenService(ctx, &c)
		if err != nil {
			return err
		}
		stops = append(stops, stop)
	}
	return runService(ctx, c, around, log, stdout)
}

// devEventStore runs the embedded node on a socket beside its data.
func devEventStore(ctx context.Context, c *config.Config, log *slog.Logger) (*embeddedNode, error) {
	data, err := filepath.Abs(filepath.Join(c.Process.DataDir, "eventstore"))
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(filepath.Dir(data), "eventstore.sock")
	if len(socket) > maxSocketPath { // the system's folder for such things then, under a name that is this folder's own
		socket = filepath.Join(os.TempDir(), "am-"+shortHash(data)+".sock")
	}
	store, err := startNode(ctx, "unix:"+socket, node.Options{Dir: data, Logger: log})
	if err != nil {
		return nil, err
	}
	c.Stores.EventStoreURL = config.NewSecret("unix:" + socket)
	return store, nil
}

// devPostgres runs Postgres as a child process. If it ends by itself failed hears of it.
func devPostgres(ctx context.Context, c *config.Config, log *slog.Logger, failed chan<- error) (func() error, error) {
	server, err := postgres.Start(ctx, postgres.Options{Dir: filepath.Join(c.Process.DataDir, "postgres"), Logger: log})
	if err != nil {
		return nil, err
	}
	const database = "users"
	if err := server.EnsureDatabase(ctx, database); err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	own := c.Stores.KeyringDatabaseURL.IsSet()
	c.Stores.DatabaseURL = config.NewSecret(server.URL(database))
	if !own {
		c.Stores.KeyringDatabaseURL = c.Stores.DatabaseURL
	}
	stopping := make(chan struct{})
	go func() {
		select {
		case <-server.Done():
			failed <- errors.New("PostgreSQL, our child process, has ended")
		case <-stopping:
		}
	}()
	return func() error {
		close(stopping)
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		return server.Stop(ctx)
	}, nil
}

// devTokenService runs a token service that only remembers what it was told.
func devTokenService(ctx context.Context, c *config.Config) (func() error, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	key := "dev-token-service-key"
	server := &http.Server{Handler: tokenservice.NewStub(key), ReadHeaderTimeout: time.Second}
	go server.Serve(listener) //nolint:errcheck // it ends when it is closed
	c.TokenService.URL, c.TokenService.Key = "http://"+listener.Addr().String(), config.NewSecret(key)
	return server.Close, nil
}

// hostsOf is what may be shown of a connection string: where it leads, without user and password.
func hostsOf(connection string) string {
	parsed, err := url.Parse(connection)
	if err != nil || parsed.Host == "" {
		return "-"
	}
	return fmt.Sprintf("%s://%s", parsed.Scheme, parsed.Host)
}
