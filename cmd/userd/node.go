package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"

	"am-user-management/internal/config"
	"am-user-management/internal/node"
	"am-user-management/internal/node/store"
)

// serveNode runs the embedded event store alone.
func serveNode(ctx context.Context, args []string, c config.Config, log *slog.Logger, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "verify" {
		return verifyNode(ctx, args[1:], c, stdout, stderr)
	}
	flags := flag.NewFlagSet("userd node", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:2113", "where to listen: host:port, or unix:/path")
	data := flags.String("data", nodeFolder(c), "the folder of the log")
	certificate := flags.String("tls-cert", "", "file of the certificate, PEM; with it the node has users and asks for passwords")
	key := flags.String("tls-key", "", "file of the certificate's private key, PEM")
	reset := flags.Bool("reset-passwords", false, "give admin and ops the passwords of the settings, whatever theirs are, and enable them if they were disabled")
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	security, err := nodeSecurity(*certificate, *key, *reset, c.Node, log)
	if err != nil {
		return err
	}
	running, err := startNode(ctx, *listen, node.Options{Dir: *data, Logger: log, Security: security})
	if err != nil {
		return explainNode(err)
	}
	fmt.Fprintf(stdout, "ready eventstore=%s\n", running.address)
	select {
	case <-ctx.Done():
		return running.stop()
	case err := <-running.failed:
		return errors.Join(err, running.stop())
	}
}

// verifyNode reads the whole log of a node that does not run, and says what it has seen or names the first fault.
func verifyNode(ctx context.Context, args []string, c config.Config, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("userd node verify", flag.ContinueOnError)
	data := flags.String("data", nodeFolder(c), "the folder of the log")
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	found, err := store.Verify(ctx, store.Options{Dir: *data})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "verified last=%d events=%d streams=%d\n", found.Last, found.Events, found.Streams)
	return err
}

func nodeFolder(c config.Config) string { return filepath.Join(c.Process.DataDir, "eventstore") }

// embeddedNode is a node that serves one listener.
type embeddedNode struct {
	node    *node.Node
	address string // as it was listened on: host:port, or unix:/path
	failed  chan error
}

// startNode opens the log of a folder and listens at host:port, or at unix:/path.
func startNode(ctx context.Context, listen string, options node.Options) (*embeddedNode, error) {
	e := &embeddedNode{address: listen, failed: make(chan error, 2)}
	path, isSocket := strings.CutPrefix(listen, "unix:")
	path = strings.TrimPrefix(path, "//") // as an address of it may be written, too
	var listener net.Listener
	var err error
	if !isSocket { // first, because gossip names the port
		if listener, err = listenTCP(ctx, listen, &options); err != nil {
			return nil, err
		}
		e.address = listener.Addr().String()
		warnOfOpenDoor(listener, options)
	}
	if e.node, err = node.Open(options); err != nil {
		return nil, errors.Join(err, closeIf(listener))
	}
	if isSocket { // only now: that the log is in use says more than that its socket is
		if listener, err = listenSocket(ctx, path); err != nil {
			return nil, errors.Join(err, e.node.Close())
		}
	}
	go func() {
		if err := e.node.Serve(listener); err != nil {
			e.failed <- fmt.Errorf("event store: %w", err)
		}
	}()
	go func() {
		if err, failed := <-e.node.Failed(); failed {
			e.failed <- fmt.Errorf("event store: %w", err)
		}
	}()
	return e, nil
}

func (e *embeddedNode) stop() error { return e.node.Close() }

func listenTCP(ctx context.Context, address string, options *node.Options) (net.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok {
		options.AdvertiseHost, options.AdvertisePort = tcp.IP.String(), uint32(tcp.Port)
	}
	return listener, nil
}

func closeIf(listener net.Listener) error {
	if listener == nil {
		return nil
	}
	return listener.Close()
}
