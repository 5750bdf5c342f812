package esdbstore_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/eventstore/storetest"
	"am-user-management/internal/keyring"
	"am-user-management/internal/node/nodetest"
)

// TestLostReplyIsAskedForAgain: the store does what it is told, and the connection breaks before the answer arrives.
// The repeated append must be the same one, and must be stored once.
func TestLostReplyIsAskedForAgain(t *testing.T) {
	node := nodetest.Start(t)
	ring := keyring.NewMemory()
	direct := openWith(t, connector(t, node.Address), ring, storetest.Events, esdbstore.Options{})
	line := lay(t, strings.TrimPrefix(node.Address, "unix://"))
	store := openWith(t, connector(t, line.address), ring, storetest.Events, esdbstore.Options{AppendTimeout: time.Minute})
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	for revision := range 5 {
		line.mute.Store(true)
		stored := make(chan struct{})
		go func() { // once the event is there, the line breaks, and works again
			defer close(stored)
			for {
				if events, err := direct.Load(t.Context(), "notes-1", 0); err != nil || len(events) > revision+1 {
					line.breakOff()
					return
				}
			}
		}()
		appended := mustAppend(t, store, "notes-1", eventstore.Expected(revision))
		<-stored
		if appended.Revision != uint64(revision)+1 || appended.Position.IsZero() {
			t.Fatalf("appended %+v at %d", appended, revision)
		}
		mustLoad(t, direct, "notes-1", revision+2)
	}
}

// line is a wire between a client and a node that can lose what the node says, and break.
type line struct {
	address string
	mute    atomic.Bool

	mu    sync.Mutex
	conns []net.Conn
}

func lay(t *testing.T, target string) *line {
	t.Helper()
	folder, err := os.MkdirTemp("", "l") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{address: "unix://" + socket}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", target)
			if err != nil {
				client.Close()
				continue
			}
			l.mu.Lock()
			l.conns = append(l.conns, client, server)
			l.mu.Unlock()
			running.Go(func() { io.Copy(server, client); server.Close() })
			running.Go(func() { io.Copy(&muted{client, l}, server); client.Close() })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		l.breakOff()
		running.Wait()
		os.RemoveAll(folder)
	})
	return l
}

// breakOff closes all connections. New ones are heard.
func (l *line) breakOff() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute.Store(false)
	for _, conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
}

// muted loses what is written to it while its line is mute.
type muted struct {
	io.Writer
	line *line
}

func (m *muted) Write(p []byte) (int, error) {
	if m.line.mute.Load() {
		return len(p), nil
	}
	return m.Writer.Write(p)
}
