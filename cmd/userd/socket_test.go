package main_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestANodeTakesNoPathFromOthers: only the socket of a process that was killed is replaced.
func TestANodeTakesNoPathFromOthers(t *testing.T) {
	w := newNodeWorld(t)
	w.startNode().kill() // leaves its socket
	running := w.startNode()

	other := filepath.Join(w.dir, "other")
	if out, err := w.run("node", "--data", other, "--listen", "unix:"+w.socket); err == nil || !strings.Contains(out, "address already in use") {
		t.Errorf("the socket of a node that runs: %v, %s", err, out)
	}
	file := filepath.Join(w.dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := w.run("node", "--data", other, "--listen", "unix:"+file); err == nil || !strings.Contains(out, "is no socket") {
		t.Errorf("a file: %v, %s", err, out)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	client := w.dial()
	defer client.Close()
	if _, err := client.GetServerVersion(); err != nil {
		t.Errorf("the node that runs is not reached any more: %v", err)
	}

	if err := os.Remove(w.socket); err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	successor, err := lc.Listen(t.Context(), "unix", w.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer successor.Close()
	if err := running.stop(t); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(w.socket); err != nil {
		t.Errorf("a node that stopped took the socket of its successor with it: %v", err)
	}
}

// TestANodeThatStopsRemovesItsSocket: what is left would look like a node.
func TestANodeThatStopsRemovesItsSocket(t *testing.T) {
	w := newNodeWorld(t)
	if err := w.startNode().stop(t); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(w.socket); !os.IsNotExist(err) {
		t.Errorf("after the stop the socket is there: %v", err)
	}
}
