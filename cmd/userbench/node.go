package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	nodeCommand = "node"

	// nodeEvents is how many events the log has whose opening is measured, and nodeEventsGoal how many the goal is about.
	nodeEvents     = 200_000
	nodeEventsGoal = 10_000_000
)

// nodeOptions are the flags of the subcommand.
type nodeOptions struct {
	endpoint string // what to measure; a node of our own if empty
	pid      int    // of the server at endpoint, to know its memory; 0: unknown
	events   int    // in the log that is opened
}

// runNode measures any server that speaks EventStoreDB's protocol, by default the embedded node, with the mix that
// EventStoreDB was measured with, and the node's own goals.
func runNode(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("userbench node", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var n nodeOptions
	flags.StringVar(&n.endpoint, "endpoint", "", "esdb://… of the server to measure; without it, userd node is started")
	flags.IntVar(&n.pid, "pid", 0, "the server's process, to know its memory")
	flags.IntVar(&n.events, "events", nodeEvents, "how many events the log has whose opening is measured")
	seconds := flags.Float64("seconds", defaultSeconds, "how long one side runs at a time")
	var o options
	flags.IntVar(&o.rounds, "rounds", defaultRounds, "how often each is measured; medians count")
	flags.DurationVar(&o.patience, "patience", defaultPatience, "how long to wait, before each turn, for other programs to be quiet")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	o.seconds = time.Duration(*seconds * float64(time.Second))
	if o.seconds <= 0 || o.rounds < 1 || n.events < 1 || n.pid < 0 || flags.NArg() > 0 {
		return errors.New("these flags make no sense together; see -help")
	}
	b, err := newBench(o, stderr)
	if err != nil {
		return err
	}
	rows, err := b.measureNode(ctx, n)
	return errors.Join(err, b.close(), printNode(stdout, rows))
}

// measureNode returns what could be measured, also with an error.
func (b *bench) measureNode(ctx context.Context, n nodeOptions) ([]nodeRow, error) {
	target, err := b.target(ctx, n)
	if err != nil {
		return nil, err
	}
	rows, err := target.mix(ctx)
	if err != nil {
		return rows, err
	}
	more, err := target.ratios(ctx)
	rows = append(rows, more...)
	if err != nil || n.endpoint != "" {
		return rows, err
	}
	more, err = b.openLog(ctx, n.events)
	return append(rows, more...), err
}

// target is the server that is measured.
type target struct {
	*bench
	pid    int // 0 if unknown
	client *esdb.Client
	// raw is a connection for what the client lacks; nil if the server wants TLS or has to be discovered.
	raw *grpc.ClientConn
}

func (b *bench) target(ctx context.Context, n nodeOptions) (*target, error) {
	t := &target{bench: b, pid: n.pid}
	if n.endpoint == "" {
		process, err := b.launchNode(ctx, filepath.Join(b.dir, "n"))
		if err != nil {
			return nil, err
		}
		b.endings = append(b.endings, process.stop)
		n.endpoint, t.pid = "esdb://"+process.store+"?tls=false", process.pid()
	}
	configuration, err := esdb.ParseConnectionString(n.endpoint)
	if err != nil {
		return nil, err
	}
	if t.client, err = esdb.NewClient(configuration); err != nil {
		return nil, err
	}
	b.endings = append(b.endings, t.client.Close)
	if !configuration.DisableTLS || configuration.DnsDiscover || configuration.Address == "" {
		return t, nil
	}
	t.raw, err = grpc.NewClient(configuration.Address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithWriteBufferSize(64<<10), grpc.WithReadBufferSize(64<<10))
	if err == nil {
		b.endings = append(b.endings, t.raw.Close)
	}
	return t, err
}

// launchNode starts `userd node` on a log and waits until it is ready. Whoever calls it stops it.
func (b *bench) launchNode(ctx context.Context, data string) (*service, error) {
	binary, err := b.buildUserd(ctx)
	if err != nil {
		return nil, err
	}
	s := &service{cmd: exec.Command(binary, "node", "--listen", net.JoinHostPort("127.0.0.1", strconv.Itoa(0)), "--data", data)} //nolint:noctx // it is told to stop
	s.cmd.Env = append(environment(), "LOG_LEVEL=warn")
	s.cmd.Stderr = b.log
	fields, err := s.start(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("userd node: %w", err), s.stop())
	}
	s.store = fields["eventstore"]
	return s, nil
}
