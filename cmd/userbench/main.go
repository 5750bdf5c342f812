// Command userbench measures the hot paths of the service against the bare limit of the same work on the same
// machine. Absolute figures say little elsewhere, so both sides alternate within one run and the result is a table of
// ratios, each beside the goal it has to reach. It builds and starts userd and Postgres in a folder of its own; every
// bare limit is a child process of this program. It may import everything and nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "userbench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	seconds  time.Duration // of one turn of one side
	rounds   int           // turns of each side
	conns    int
	users    int
	events   int
	crowd    int // users that are listed
	only     []string
	patience time.Duration // for other processes to become quiet, before each turn
	profile  string
}

const (
	defaultSeconds  = 3
	defaultRounds   = 3
	defaultConns    = 64
	defaultUsers    = 5_000
	mostUsers       = 100_000
	defaultEvents   = 50_000
	defaultCrowd    = 100_000
	leastCrowd      = 1_000
	defaultPatience = 5 * time.Second
)

// run is the program without the process. The subcommand "side" is one side of a comparison in a child process, and
// "import" measures the import of users, "node" the event store alone or a server like it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == sideCommand {
		return runSubject(ctx, args[1:], stdin, stdout)
	}
	if len(args) > 0 && args[0] == importCommand {
		return runImports(ctx, args[1:], stdout, stderr)
	}
	if len(args) > 0 && args[0] == nodeCommand {
		return runNode(ctx, args[1:], stdout, stderr)
	}
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := newBench(o, stderr)
	if err != nil {
		return err
	}
	rows, err := b.measure(ctx)
	err = errors.Join(err, b.close())
	if len(rows) > 0 {
		err = errors.Join(err, printTable(stdout, rows, o))
	}
	return err
}

func parse(args []string, stderr io.Writer) (options, error) {
	flags := flag.NewFlagSet("userbench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seconds := flags.Float64("seconds", defaultSeconds, "how long one side runs at a time")
	only := flags.String("only", "", "which goals to measure: G1,G6 for example; all if empty")
	var o options
	flags.IntVar(&o.rounds, "rounds", defaultRounds, "how often each side runs; medians are compared")
	flags.IntVar(&o.conns, "conns", defaultConns, "connections, or callers")
	flags.IntVar(&o.users, "users", defaultUsers, "how many users to make, at most 100,000")
	flags.IntVar(&o.events, "events", defaultEvents, "how many events G9 catches up with")
	flags.IntVar(&o.crowd, "crowd", defaultCrowd, "how many users G11 lists and searches, at least 1,000")
	flags.DurationVar(&o.patience, "patience", defaultPatience, "how long to wait, before each turn, for other programs to be quiet")
	flags.StringVar(&o.profile, "profile", "", "write CPU profiles of the sides into this folder (sides that are userd excluded)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.seconds = time.Duration(*seconds * float64(time.Second))
	if *only != "" {
		o.only = strings.Split(strings.ToUpper(*only), ",")
	}
	if o.seconds <= 0 || o.rounds < 1 || o.conns < 1 || o.users < 1 || o.users > mostUsers || o.events < 1 || o.crowd < leastCrowd || flags.NArg() > 0 {
		return o, errors.New("these flags make no sense together; see -help")
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(goals(), func(g goal) bool { return g.name == name }) {
			return o, fmt.Errorf("there is no goal %q", name)
		}
	}
	return o, nil
}
