// Command userd is the user-management service. `userd serve` runs it against real stores, `userd dev` runs everything
// on this machine, `userd node` runs the embedded event store alone, `userd health` asks a running service how it is.
// This package reads the settings, wires the parts and shuts them down; it decides nothing else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"am-user-management/internal/config"
)

const usage = `usage: userd <serve|dev|node|health> [flags]

  serve   the service, with EVENTSTORE_URL, DATABASE_URL and SMTP_URL
  dev     everything on this machine: event store, Postgres, mail catcher, service (data in DATA_DIR)
  node    the embedded event store alone: --listen host:port or unix:/path, --data folder; with users and TLS:
          --tls-cert file, --tls-key file
          node verify [--data folder] reads the log of one that does not run and names the first fault
  health  asks the service at INTERNAL_ADDR whether it is alive, or --ready; fails if not

Settings are environment variables; .env.example lists them.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "userd:", err)
		os.Exit(1)
	}
}

// errUsage is a command line that asks for nothing we do.
var errUsage = errors.New("unknown command; `userd help` lists them")

// run is the program without the process: it returns when ctx ends and everything has stopped, or with what kept it
// from starting or ended it early.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	if args[0] == "serve" || args[0] == "dev" { // they have no flags
		if err := parse(flag.NewFlagSet("userd "+args[0], flag.ContinueOnError), args[1:], stderr); err != nil {
			return err
		}
	}
	switch args[0] {
	case "serve":
		return load(getenv, config.Serve, stderr, func(c config.Config, log *slog.Logger) error { return serve(ctx, c, log, stdout) })
	case "dev":
		return load(getenv, config.Dev, stderr, func(c config.Config, log *slog.Logger) error { return dev(ctx, c, log, stdout) })
	case "node":
		return load(getenv, config.Node, stderr, func(c config.Config, log *slog.Logger) error {
			return serveNode(ctx, args[1:], c, log, stdout, stderr)
		})
	case "health":
		return load(getenv, config.Node, stderr, func(c config.Config, _ *slog.Logger) error {
			return probe(ctx, args[1:], c.Process, stderr)
		})
	case "help", "-h", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	default:
		return errUsage
	}
}

// load reads the settings for a mode and goes on with them.
func load(getenv func(string) string, mode config.Mode, stderr io.Writer, next func(config.Config, *slog.Logger) error) error {
	c, err := config.Load(getenv, mode)
	if err != nil {
		return err
	}
	options := &slog.HandlerOptions{Level: c.Process.LogLevel}
	var handler slog.Handler = slog.NewJSONHandler(stderr, options)
	if c.Process.LogFormat == "text" {
		handler = slog.NewTextHandler(stderr, options)
	}
	return next(c, slog.New(handler))
}
