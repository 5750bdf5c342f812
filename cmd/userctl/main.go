// Command userctl is for those who run the service: it moves, compares, backs up and restores what the service keeps,
// and sets the access rules of its event store. It talks to the stores themselves; the service need not run. This package
// reads the command line, shows progress and wires the parts.
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
	"strings"
	"syscall"
)

const usage = `usage: userctl <command> [flags]

  log copy       copy a whole event log to another store; goes on where it was stopped
  log compare    prove that two event logs are equal, or name the first difference
  log rebase     make Postgres fit a copied log, before the service is started on it
  backup         back up log, tables and key ring while the service runs
  restore        bring a backup back into an empty place, and check it
  erased         write down whose keys were destroyed: what an older backup does not know
  store account  make an account of a secured event store, or give it another password
  store secure   make the service's account of a secured event store append-only, auditors' read-only

userctl <command> --help tells more. Event stores are esdb://… connection strings, unix:///path for a socket of the
embedded node, folder:/path for a folder of the embedded node that no process has open, or env:NAME for what the
environment variable NAME holds: passwords in a command line are seen by others.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "userctl:", err)
		os.Exit(1)
	}
}

// errUsage is a command line that asks for nothing we do.
var errUsage = errors.New("unknown command; `userctl help` lists them")

// terminal is where a command writes to, and what it writes with.
type terminal struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	log            *slog.Logger
}

type command func(ctx context.Context, args []string, t terminal) error

// run is the program without the process.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	t := terminal{stdout: stdout, stderr: stderr, getenv: getenv, log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	commands := map[string]command{
		"log copy": logCopy, "log compare": logCompare, "log rebase": logRebase, "store account": storeAccount, "store secure": storeSecure,
		"backup": takeBackup, "restore": restoreBackup, "erased": listErased,
	}
	if len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help") {
		_, err := io.WriteString(stdout, usage)
		return err
	}
	words := 1
	if len(args) > 1 && (args[0] == "log" || args[0] == "store") {
		words = 2
	}
	if len(args) < words {
		return errUsage
	}
	chosen, ok := commands[strings.Join(args[:words], " ")]
	if !ok {
		return errUsage
	}
	err := chosen(ctx, args[words:], t)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errors.New("stopped; run it again to go on")
	}
	return err
}

// parse reads flags. What is named must be given; positional arguments are none of ours.
func parse(flags *flag.FlagSet, args []string, t terminal, about string, needed ...string) error {
	flags.SetOutput(t.stderr)
	flags.Usage = func() {
		fmt.Fprintf(t.stderr, "usage: %s [flags]\n\n%s\n", flags.Name(), about)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s takes no argument %q", flags.Name(), flags.Arg(0))
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, name := range needed {
		if !given[name] {
			return fmt.Errorf("%s needs --%s", flags.Name(), name)
		}
	}
	return nil
}

// address is what a flag names, or what the environment variable holds that it names.
func (t terminal) address(text string) (string, error) {
	name, ok := strings.CutPrefix(text, "env:")
	if !ok {
		return text, nil
	}
	if address := t.getenv(name); address != "" {
		return address, nil
	}
	return "", fmt.Errorf("the environment variable %s %w", name, errNotSet)
}

// securedStore is the connection string of a store that has accounts: that of a flag, or EVENTSTORE_URL.
func (t terminal) securedStore(flag string) (string, error) {
	address, err := t.address(flag)
	if err == nil && address == "" {
		if address, err = t.setting("EVENTSTORE_URL"); err != nil {
			return "", fmt.Errorf("--url is not given, and %w", err)
		}
	}
	if err != nil {
		return "", fmt.Errorf("--url: %w", err)
	}
	for _, scheme := range []string{"folder:", "unix:"} {
		if strings.HasPrefix(address, scheme) {
			return "", fmt.Errorf("%s… has no accounts: this needs the esdb:// connection string of a secured event store", scheme)
		}
	}
	return address, nil
}

// errNotSet is a setting that is needed and not there.
var errNotSet = errors.New("is not set")

// setting is a connection string from the environment: no password is to stand in a command line.
func (t terminal) setting(name string) (string, error) {
	if path := t.getenv(name + "_FILE"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("%s_FILE: %w", name, err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	if address := t.getenv(name); address != "" {
		return address, nil
	}
	return "", fmt.Errorf("%s %w", name, errNotSet)
}
