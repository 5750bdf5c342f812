package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A backup is taken while people sign up, everything is lost, and the backup is restored: whoever was acknowledged before
// it can log in, nothing leaves the service twice, and the tables are those that the log makes.
func TestBackupUnderLoadAndRestore(t *testing.T) {
	w := newWorldAlone(t)
	p := w.start()
	ada := w.signUp(p, "ada@example.org")
	eventually(t, "every step of the onboarding is done", func() bool { return p.onboarded(t, ada) })
	gone := w.signUp(p, "gone@example.org")
	stop, signedUp := make(chan struct{}), &acknowledged{accounts: map[string]string{}}
	var number atomic.Int64
	var group sync.WaitGroup
	group.Go(func() { signedUp.signUps(p, &number, stop) })
	eventually(t, "some have signed up", func() bool { return len(signedUp.known()) >= 5 })
	before := signedUp.known()
	folder := filepath.Join(w.dir, "backup")
	w.env = append(w.env, "EVENTSTORE_URL="+p.ready["eventstore"], "DATABASE_URL="+p.ready["postgres"])
	t.Log(w.mustUserctl("backup", "--to", folder))
	close(stop)
	group.Wait()
	if got := p.must(t, 202, "DELETE", "/users/me", `{"password":"`+password+`"}`, gone.auth()...); got.get("erasure_id") == "" {
		t.Errorf("the erasure is %s", got.body)
	}
	list := filepath.Join(w.dir, "erased.txt")
	eventually(t, "the erasure is done", func() bool {
		w.mustUserctl("erased", "--to", list)
		text, err := os.ReadFile(list)
		return err == nil && strings.Contains(string(text), gone.id)
	})
	p.kill()
	w.env = w.env[:len(w.env)-2]
	data, lost := filepath.Join(w.dir, "data"), filepath.Join(w.dir, "lost")
	if err := os.Rename(data, lost); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(data, "secrets"), os.DirFS(filepath.Join(lost, "secrets"))); err != nil {
		t.Fatal(err) // which are kept elsewhere
	}
	told := w.toldTwice()
	if out := w.mustUserctl("restore", "--from", folder, "--data", data, "--erased", list); !strings.Contains(out, "keys_destroyed_again=") ||
		strings.Contains(out, "keys_destroyed_again=0") {
		t.Errorf("restore says %s", out)
	}
	if out, err := w.userctl("restore", "--from", folder, "--data", data, "--erased", list); err == nil || !strings.Contains(out, "not empty") {
		t.Errorf("into a place that is not empty: %v: %s", err, out)
	}
	p = w.start()
	w.database = p.ready["postgres"]
	for id, address := range before {
		eventually(t, address+" is there", func() bool {
			got, err := call("GET", p.internal+"/internal/v1/users/"+id, "", "Authorization", serviceKey)
			return err == nil && got.status == 200 && got.get("email") == address
		})
	}
	p.must(t, 200, "POST", "/login", fmt.Sprintf(`{"email":%q,"password":%q}`, ada.email, password))
	if got, err := call("POST", p.public+"/login", fmt.Sprintf(`{"email":%q,"password":%q}`, gone.email, password), "Content-Type", "application/json"); err != nil || got.status == 200 {
		t.Errorf("who was erased after the backup logs in: %d %s (%v)", got.status, got.body, err)
	}
	checkHistory(t, w, p)
	w.checkRebuild(p)
	if twice := w.toldTwice(); twice != told {
		t.Errorf("the token service was told %d things twice", twice-told)
	}
}

// known are those who were acknowledged so far.
func (a *acknowledged) known() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make(map[string]string, len(a.accounts))
	for id, address := range a.accounts {
		all[id] = address
	}
	return all
}

// toldTwice is how often the token service was told the same under another key.
func (w *world) toldTwice() int {
	told, twice := map[string]int{}, 0
	for _, effect := range w.tokens.Effects() {
		if of := effect.UserID.String() + " " + effect.Reason; told[of] == 1 {
			twice++
		} else {
			told[of]++
		}
	}
	return twice
}

func TestABackupThatWasAlteredIsRefused(t *testing.T) {
	w := newWorldAlone(t)
	p := w.start()
	w.signUp(p, "ada@example.org")
	folder := filepath.Join(w.dir, "backup")
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	w.mustUserctl("backup", "--to", folder, "--data", filepath.Join(w.dir, "data"))
	files, err := filepath.Glob(filepath.Join(folder, "log", "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatal("no file to alter: ", err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(files[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(w.dir, "other")
	if out, err := w.userctl("restore", "--from", folder, "--data", other, "--erased", "none"); err == nil || !strings.Contains(out, "was altered") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(other, "eventstore")); err == nil {
		t.Error("it began to restore")
	}
}
