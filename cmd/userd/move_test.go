package main_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// operatorsBinary is userctl, built once for all tests.
var operatorsBinary = sync.OnceValues(func() (string, error) {
	if _, err := binary(); err != nil {
		return "", err
	}
	userd, _ := binary()
	path := filepath.Join(filepath.Dir(userd), "userctl")
	if out, err := exec.Command("go", "build", "-o", path, "../userctl").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// userctl runs a command to its end and returns what it printed.
func (w *world) userctl(args ...string) (string, error) {
	w.t.Helper()
	path, err := operatorsBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = w.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

func (w *world) mustUserctl(args ...string) string {
	w.t.Helper()
	out, err := w.userctl(args...)
	if err != nil {
		w.t.Fatalf("userctl %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return out
}

// node runs the embedded event store alone and returns its address.
func (w *world) node(name string) string {
	w.t.Helper()
	p, err := w.launch("node", "--listen", "127.0.0.1:0", "--data", filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.kill)
	return "esdb://" + p.ready["eventstore"] + "?tls=false"
}

// serveOn runs the service on an event store.
func (w *world) serveOn(store string) (*process, error) {
	w.t.Helper()
	w.env = append(w.env, "EVENTSTORE_URL="+store, "PUBLIC_URL=http://localhost:8080", "MAIL_FROM=no-reply@example.org")
	p, err := w.launch("serve")
	if err == nil {
		p.ready["eventstore"] = store // the ready line has no options
		w.t.Cleanup(p.kill)
	}
	return p, err
}

// A house is moved: the log to another store, with other positions, and the tables with it. Nothing is lost, sent
// twice, or seen differently.
func TestMovingHouse(t *testing.T) {
	w := newWorld(t)
	from, to := w.node("old"), w.node("new")
	p, err := w.serveOn(from)
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := w.signUp(p, "ada@example.org"), w.signUp(p, "bob@example.org")
	for _, u := range []user{ada, bob} {
		eventually(t, "every step of the onboarding is done", func() bool { return p.onboarded(t, u) })
	}
	p.must(t, 200, "PATCH", "/profile", `{"bio":"Moves."}`, ada.auth()...)
	w.mustUserctl("store", "secure", "--url", to, "--service", "svc") // so that positions there are others
	w.mustUserctl("log", "copy", "--from", from, "--to", to)
	p.must(t, 200, "PATCH", "/profile", `{"bio":"Moves, and writes."}`, bob.auth()...)
	if out, err := w.userctl("log", "rebase", "--from", from, "--to", to); err == nil || !strings.Contains(out, "stop every instance") {
		t.Errorf("while the service runs: %v: %s", err, out)
	}
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	if out, err := w.userctl("log", "rebase", "--from", from, "--to", to); err == nil || !strings.Contains(out, "differ in length") {
		t.Errorf("before the copy is complete: %v: %s", err, out)
	}
	w.mustUserctl("log", "copy", "--from", from, "--to", to)
	if out := w.mustUserctl("log", "compare", "--from", from, "--to", to); !strings.Contains(out, "equal: events=") {
		t.Errorf("compare says %s", out)
	}
	if _, err := w.serveOn(to); err == nil || !strings.Contains(err.Error(), "userctl log rebase") {
		t.Errorf("on a copy that the tables do not follow, the service says %v", err)
	}
	effects := len(w.tokens.Effects())
	if out := w.mustUserctl("log", "rebase", "--from", from, "--to", to); !strings.Contains(out, "follow the copy") {
		t.Errorf("rebase says %s", out)
	}
	if out := w.mustUserctl("log", "rebase", "--from", from, "--to", to); !strings.Contains(out, "nothing to do") {
		t.Errorf("the second time rebase says %s", out)
	}
	if p, err = w.serveOn(to); err != nil {
		t.Fatal(err)
	}
	if got := p.must(t, 200, "GET", "/profile", "", bob.auth()...).get("bio"); got != "Moves, and writes." {
		t.Errorf("the bio is %q", got)
	}
	cleo := w.signUp(p, "cleo@example.org")
	eventually(t, "every step of the onboarding is done", func() bool { return p.onboarded(t, cleo) })
	w.checkRebuild(p)
	if told := len(w.tokens.Effects()); told != effects+1 {
		t.Errorf("the token service was told %d times more, not once", told-effects)
	}
	mails, err := filepath.Glob(filepath.Join(w.dir, "caught", "*.eml"))
	if err != nil || len(mails) != 3 {
		t.Errorf("%d mails to three people (%v)", len(mails), err)
	}
}

// Copying goes on after kill -9, again and again.
func TestACopyThatIsKilledGoesOn(t *testing.T) {
	w := newWorld(t)
	from, to := w.node("old"), w.node("new")
	p, err := w.serveOn(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada", "bob", "cleo"} {
		w.signUp(p, name+"@example.org")
	}
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	path, err := operatorsBinary()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		cmd := exec.Command(path, "log", "copy", "--from", from, "--to", to, "--follow")
		cmd.Env = w.env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Signal(os.Kill)
		cmd.Wait()
	}
	w.mustUserctl("log", "copy", "--from", from, "--to", to)
	w.mustUserctl("log", "compare", "--from", from, "--to", to)
}
