package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestOneOfManyGetsADeadSocket: two that find a dead socket must not take it from each other.
func TestOneOfManyGetsADeadSocket(t *testing.T) {
	for range 200 {
		path := filepath.Join(t.TempDir(), "s")
		leaveDeadSocket(t, path)
		var group sync.WaitGroup
		var winners atomic.Int32
		begin := make(chan struct{})
		for range 8 {
			group.Go(func() {
				<-begin
				listener, err := listenSocket(t.Context(), path)
				switch {
				case err == nil:
					winners.Add(1)
					t.Cleanup(func() { listener.Close() })
				case !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "another process is running there"):
					t.Errorf("a loser hears %v", err)
				}
			})
		}
		close(begin)
		group.Wait()
		if n := winners.Load(); n != 1 {
			t.Fatalf("%d of 8 listen at one path", n)
		}
	}
}

// TestASocketsLockGoesWithIt leaves nothing behind, and nobody out.
func TestASocketsLockGoesWithIt(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		listener, err := listenSocket(t.Context(), filepath.Join(dir, "s"))
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
			t.Errorf("there are %v, %v", files, err)
		}
	}
}

// leaveDeadSocket makes what a killed process leaves.
func leaveDeadSocket(t *testing.T, path string) {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
}
