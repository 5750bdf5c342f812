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

// TestEventStoreIsSwappedUnderTheService: what is acknowledged on another log would be lost with it.
func TestEventStoreIsSwappedUnderTheService(t *testing.T) {
	w := newWorld(t)
	folder, socket := filepath.Join(w.dir, "log"), filepath.Join(w.dir, "s")
	node := func(folder string) *process {
		p, err := w.launch("node", "--listen", "unix:"+socket, "--data", folder)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return p
	}
	first := node(folder)
	p, err := w.serveOn("unix://" + socket)
	if err != nil {
		t.Fatal(err)
	}
	w.signUp(p, "early@example.org")
	eventually(t, "the views are up to date", func() bool { return readiness(t, p).status == 200 })
	halt(t, first)
	copyFolder(t, folder+".early", folder)
	first = node(folder)
	eventually(t, "the service goes on", func() bool { return signUpStatus(t, p, "late@example.org") == 201 })
	eventually(t, "the views are up to date", func() bool { return readiness(t, p).status == 200 })
	halt(t, first)

	second := node(folder + ".early")
	for i := range 20 {
		if status := signUpStatus(t, p, fmt.Sprintf("lost%d@example.org", i)); status != 503 {
			t.Fatalf("a sign-up on an older log is answered %d", status)
		}
	}
	halt(t, second)
	node(folder)
	eventually(t, "the service goes on with the right log", func() bool { return signUpStatus(t, p, "later@example.org") == 201 })
	if status := signUpStatus(t, p, "late@example.org"); status != 409 {
		t.Errorf("an address that is taken is answered %d", status)
	}
}

func signUpStatus(t *testing.T, p *process, email string) int {
	t.Helper()
	got, err := call("POST", p.public+"/users", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
	if err != nil {
		t.Fatal(err)
	}
	return got.status
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
