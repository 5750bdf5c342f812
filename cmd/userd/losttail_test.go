package main_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestR31CommandsOfALostTailAreCarriedOutOnceAsNew is F20: what was acknowledged after the backup's point is lost with it.
// Clients that send it again are answered as if it were new, once, and nobody else gets the address meanwhile or later.
func TestR31CommandsOfALostTailAreCarriedOutOnceAsNew(t *testing.T) {
	w := newWorldAlone(t)
	p := w.start()
	folder := filepath.Join(w.dir, "backup")
	w.env = append(w.env, "EVENTSTORE_URL="+p.ready["eventstore"], "DATABASE_URL="+p.ready["postgres"])
	t.Log(w.mustUserctl("backup", "--to", folder))
	w.env = w.env[:len(w.env)-2]

	const body = `{"email":"late@example.org","password":"` + password + `"}`
	again := []string{"Idempotency-Key", "a-key-of-the-client"}
	p.must(t, 201, "POST", "/users", body, again...)
	p.kill()
	data, lost := filepath.Join(w.dir, "data"), filepath.Join(w.dir, "lost")
	if err := os.Rename(data, lost); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(data, "secrets"), os.DirFS(filepath.Join(lost, "secrets"))); err != nil {
		t.Fatal(err) // which are kept elsewhere
	}
	t.Log(w.mustUserctl("restore", "--from", folder, "--data", data, "--erased", "none"))

	p = w.start()
	first := p.must(t, 201, "POST", "/users", body, again...).get("id")
	if second := p.must(t, 201, "POST", "/users", body, again...).get("id"); first == "" || second != first {
		t.Errorf("sent again it makes %q, then %q", first, second)
	}
	p.must(t, 409, "POST", "/users", body)
}
