package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// The event store's folder is put back to what it was an hour ago, the tables are not. The service says so instead of
// leaving out what is written from then on, also when the log has grown past where the tables were; with the right
// folder it goes on.
func TestEventStoreRestoredToAnEarlierTime(t *testing.T) {
	w := newWorld(t)
	store := filepath.Join(w.dir, "data", "eventstore")
	p := w.start()
	w.signUp(p, "early@example.org")
	halt(t, p)
	copyFolder(t, store+".early", store)

	p = w.start()
	for i := range 3 {
		w.signUp(p, fmt.Sprintf("late%d@example.org", i))
	}
	eventually(t, "the views are up to date", func() bool { return readiness(t, p).status == 200 })
	halt(t, p)
	copyFolder(t, store+".late", store)

	copyFolder(t, store, store+".early")
	w.refuses("the checkpoint is ahead of the log")
	grow(t, w, store)
	w.refuses(", now it is ")

	copyFolder(t, store, store+".late")
	p = w.start()
	eventually(t, "it goes on with the right log", func() bool { return readiness(t, p).status == 200 })
	w.signUp(p, "later@example.org")
}

// refuses starts the service, which must not start and say why.
func (w *world) refuses(why string) {
	w.t.Helper()
	p, err := w.launch("dev")
	if err == nil {
		p.kill()
		w.t.Fatalf("it starts, though %s", why)
	}
	if !strings.Contains(err.Error(), why) {
		w.t.Fatalf("it does not say %q: %v", why, err)
	}
}

// grow appends to a store without the service until it is longer than it ever was.
func grow(t *testing.T, w *world, store string) {
	t.Helper()
	node, err := w.launch("node", "--listen", "127.0.0.1:0", "--data", store)
	if err != nil {
		t.Fatal(err)
	}
	client := connectTo(t, "esdb://"+node.ready["eventstore"]+"?tls=false")
	for range 10 {
		events := make([]esdb.EventData, 100)
		for i := range events {
			events[i] = esdb.EventData{EventID: uuid.New(), EventType: "other"}
		}
		if _, err := client.AppendToStream(t.Context(), "other", esdb.AppendToStreamOptions{}, events...); err != nil {
			t.Fatal(err)
		}
	}
	if err := node.stop(t); err != nil {
		t.Fatal(err)
	}
}

func readiness(t *testing.T, p *process) answer {
	t.Helper()
	got, err := call("GET", p.internal+"/readyz", "")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func halt(t *testing.T, p *process) {
	t.Helper()
	if err := p.stop(t); err != nil {
		t.Fatalf("%v: %s", err, p.errors)
	}
}

// copyFolder replaces a folder by a copy of another.
func copyFolder(t *testing.T, to, from string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
