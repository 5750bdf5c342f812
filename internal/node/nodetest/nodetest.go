// Package nodetest runs an embedded event store for a test: the real node with its real protocol, in a folder of the
// test's own and without a port.
package nodetest

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"am-user-management/internal/node"
)

// Node is a running node.
type Node struct {
	// Address is the target to dial, without TLS; it fits esdb.Configuration.Address.
	Address string

	t       testing.TB
	options node.Options
	socket  string
	running *node.Node
	served  chan error
}

// Start runs a node until the test ends.
func Start(t testing.TB) *Node {
	t.Helper()
	return StartWith(t, node.Options{})
}

// StartWith is Start with options; a folder that is left out is one of the test's own.
func StartWith(t testing.TB, options node.Options) *Node {
	t.Helper()
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	// t.TempDir contains the test's name, and a socket's path must be shorter than 108 bytes.
	folder, err := os.MkdirTemp("", "n") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{t: t, options: options, socket: filepath.Join(folder, "s")}
	n.Address = "unix://" + n.socket
	t.Cleanup(func() {
		n.Stop()
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	n.start()
	return n
}

// Node returns the running node.
func (n *Node) Node() *node.Node { return n.running }

// Stop ends the node. Its folder and address remain for Restart.
func (n *Node) Stop() {
	n.t.Helper()
	if n.running == nil {
		return
	}
	if err := n.running.Close(); err != nil {
		n.t.Errorf("close node: %v", err)
	}
	if err := <-n.served; err != nil {
		n.t.Errorf("serve node: %v", err)
	}
	n.running = nil
}

// Restart ends the node and runs it again on the same folder and address.
func (n *Node) Restart() {
	n.t.Helper()
	n.Stop()
	n.start()
}

func (n *Node) start() {
	n.t.Helper()
	running, err := node.Open(n.options)
	if err != nil {
		n.t.Fatalf("open node: %v", err)
	}
	lis, err := new(net.ListenConfig).Listen(n.t.Context(), "unix", n.socket)
	if err != nil {
		n.t.Fatalf("listen: %v", err)
	}
	n.running, n.served = running, make(chan error, 1)
	go func(served chan<- error) { served <- running.Serve(lis) }(n.served)
}
