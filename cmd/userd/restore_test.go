package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	p = w.start()
	eventually(t, "it refuses a log that ends too early", func() bool {
		got := readiness(t, p)
		return got.status == 503 && strings.Contains(string(got.body), "the checkpoint is ahead of the log")
	})
	metrics, err := call("GET", p.internal+"/metrics", "")
	if err != nil || !strings.Contains(string(metrics.body), "userd_log_differs 1") {
		t.Errorf("the metrics do not tell: %v", err)
	}
	number := 0
	eventually(t, "it refuses a log that has grown again", func() bool {
		number++
		_, _ = call("POST", p.public+"/users", fmt.Sprintf(`{"email":"other%d@example.org","password":%q}`, number, password))
		got := readiness(t, p)
		return got.status == 503 && strings.Contains(string(got.body), ", now it is ")
	})
	halt(t, p)

	copyFolder(t, store, store+".late")
	p = w.start()
	eventually(t, "it goes on with the right log", func() bool { return readiness(t, p).status == 200 })
	w.signUp(p, "later@example.org")
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
