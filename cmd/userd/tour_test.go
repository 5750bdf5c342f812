package main_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tour of the README, then a kill, then everything is still there.
func TestTour(t *testing.T) {
	w := newWorldAlone(t)
	p := w.start()
	ada := w.signUp(p, "ada@example.org")
	eventually(t, "every step of the onboarding is done", func() bool { return p.onboarded(t, ada) })

	if got := p.must(t, 200, "GET", "/subscription", "", ada.auth()...); got.get("status") != "ACTIVE" || got.get("trial") != "true" {
		t.Errorf("the subscription is %s", got.body)
	}
	if got := p.must(t, 200, "GET", "/profile", "", ada.auth()...); got.get("first_name") != "Ada" {
		t.Errorf("the profile is %s", got.body)
	}
	changed := p.must(t, 200, "PATCH", "/profile", `{"bio":"Wrote the first program."}`, ada.auth()...)
	read := p.must(t, 200, "GET", "/profile", "", append(ada.auth(), "Consistency-Token", changed.header.Get("Consistency-Token"))...)
	if read.get("bio") != "Wrote the first program." || read.header.Get("ETag") != changed.header.Get("ETag") {
		t.Errorf("after the change the profile is %s at %s", read.body, read.header.Get("ETag"))
	}
	told := 0
	for _, effect := range w.tokens.Effects() {
		if effect.UserID.String() == ada.id {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the token service was told %d times", told)
	}

	p.kill()
	p = w.start()
	if got := p.must(t, 200, "GET", "/profile", "", ada.auth()...); string(got.body) != string(read.body) {
		t.Errorf("after the kill the profile is %s, before it was %s", got.body, read.body)
	}
	p.must(t, 204, "POST", "/logout", "", ada.auth()...)
	p.must(t, 401, "GET", "/profile", "", ada.auth()...)
	if err := p.stop(t); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

// serve runs the same code as dev against stores that somebody else runs; two instances share them.
func TestServeWithStoresOfOthers(t *testing.T) {
	w := newWorld(t)
	node, err := w.launch("node", "--listen", "127.0.0.1:0", "--data", w.dir+"/node")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.kill)
	w.env = append(w.env, "EVENTSTORE_URL=esdb://"+node.ready["eventstore"]+"?tls=false",
		"PUBLIC_URL=http://localhost:8080", "MAIL_FROM=no-reply@example.org")
	var instances []*process
	for range 2 {
		p, err := w.launch("serve")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		instances = append(instances, p)
	}
	host, second := instances[0], instances[1]
	ada := w.signUp(second, "ada@example.org")
	host.must(t, 200, "GET", "/users/me", "", ada.auth()...)
	second.must(t, 204, "POST", "/logout", "", ada.auth()...)
	host.must(t, 401, "GET", "/users/me", "", ada.auth()...)
	for _, p := range append(instances, node) {
		if err := p.stop(t); err != nil {
			t.Errorf("SIGTERM: %v: %s", err, p.errors)
		}
	}
}

func TestBadSettingsAreAllNamed(t *testing.T) {
	w := newWorldAlone(t, "PASSWORD_MIN_LENGTH=many", "SERVER_SECRET=short", "TRIAL_DAYS=-1", "SMTP_URL=carrier-pigeon")
	_, err := w.launch("serve")
	if err == nil {
		t.Fatal("it started")
	}
	for _, name := range []string{"PASSWORD_MIN_LENGTH", "SERVER_SECRET", "TRIAL_DAYS", "SMTP_URL", "DATABASE_URL", "EVENTSTORE_URL"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	for _, secret := range []string{"=short", "carrier-pigeon"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("a secret is shown: %v", err)
		}
	}
}

func TestASecondProcessOnTheSameFolderIsRefused(t *testing.T) {
	w := newWorld(t)
	first := w.start()
	for _, args := range [][]string{{"dev"}, {"node", "--listen", "127.0.0.1:0"}} {
		_, err := w.launch(args...)
		if err == nil || !strings.Contains(err.Error(), w.dir) || strings.Count(strings.TrimSpace(lastLine(err.Error())), "\n") > 0 {
			t.Errorf("%v: %v", args, err)
		}
	}
	w.signUp(first, "still@example.org") // the first one is unharmed
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestOneOfManySignUpsForAnAddressIsCreated(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	statuses := make([]int, 32)
	var group sync.WaitGroup
	for i := range statuses {
		group.Go(func() {
			got, err := call("POST", p.public+"/users", fmt.Sprintf(`{"email":"one@example.org","password":%q}`, password))
			if err != nil {
				t.Error(err)
			}
			statuses[i] = got.status
		})
	}
	group.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[201] != 1 || count[409] != 31 {
		t.Errorf("the answers were %v, want one 201 and 31 409", count)
	}
}

func TestBadRequestsAreNamedAndWriteNothing(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	ada := w.signUp(p, "ada@example.org")
	eventually(t, "the profile is there", func() bool { return p.onboarded(t, ada) })
	before := w.logSize(p)
	auth := ada.auth()
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code               string
	}{
		"invalid e-mail":   {"POST", "/users", `{"email":"nobody","password":"long enough"}`, nil, 400, "request.invalid"},
		"short password":   {"POST", "/users", `{"email":"a@example.org","password":"short"}`, nil, 400, "request.invalid"},
		"unknown key":      {"POST", "/users", `{"email":"a@example.org","password":"long enough","admin":true}`, nil, 400, "request.invalid"},
		"duplicate key":    {"POST", "/users", `{"email":"a@example.org","email":"b@example.org","password":"long enough"}`, nil, 400, "request.invalid"},
		"broken UTF-8":     {"POST", "/users", "{\"email\":\"a\xff@example.org\",\"password\":\"long enough\"}", nil, 400, "request.invalid"},
		"wrong type":       {"POST", "/users", `{"email":7,"password":"long enough"}`, nil, 400, "request.invalid"},
		"not JSON":         {"POST", "/users", `email=a@example.org`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		"too large":        {"POST", "/users", `{"email":"` + strings.Repeat("a", 70<<10) + `"}`, nil, 413, ""},
		"stale If-Match":   {"PATCH", "/profile", `{"bio":"x"}`, append(auth, "If-Match", `"7"`), 412, "request.precondition-failed"},
		"bad bio":          {"PATCH", "/profile", `{"bio":"` + strings.Repeat("a", 501) + `"}`, auth, 400, "request.invalid"},
		"unknown session":  {"GET", "/profile", "", []string{"Authorization", "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, 401, ""},
		"invalid token":    {"POST", "/verify-email", `{"token":"nonsense"}`, nil, 400, "account.token-invalid"},
		"wrong password":   {"POST", "/login", `{"email":"ada@example.org","password":"wrong wrong"}`, nil, 401, "account.invalid-credentials"},
		"unknown address":  {"POST", "/login", `{"email":"eve@example.org","password":"wrong wrong"}`, nil, 401, "account.invalid-credentials"},
		"taken address":    {"POST", "/users", `{"email":"ADA@example.org","password":"long enough"}`, nil, 409, "account.user-already-exists"},
		"unknown path":     {"GET", "/nowhere", "", nil, 404, ""},
		"forbidden method": {"DELETE", "/plans", "", nil, 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.must(t, c.status, c.method, c.path, c.body, c.headers...)
			if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
				t.Errorf("it is answered as %s", kind)
			}
			if c.code != "" && got.get("type") != "/problems/"+c.code {
				t.Errorf("the problem is %s, want %s", got.body, c.code)
			}
		})
	}
	if after := w.logSize(p); after != before {
		t.Errorf("the log grew from %d to %d events", before, after)
	}
}

func TestAnIdempotencyKeyMeansOneRequest(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	body := fmt.Sprintf(`{"email":"key@example.org","password":%q}`, password)
	first := p.must(t, 201, "POST", "/users", body, "Idempotency-Key", "k1")
	token := w.token("key@example.org")
	p.kill()
	p = w.start()
	again := p.must(t, 201, "POST", "/users", body, "Idempotency-Key", "k1")
	if string(again.body) != string(first.body) || again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("answered %s, first %s", again.body, first.body)
	}
	other := p.must(t, 422, "POST", "/users", `{"email":"other@example.org","password":"another one"}`, "Idempotency-Key", "k1")
	if other.get("type") != "/problems/request.idempotency-key-reused" {
		t.Errorf("the problem is %s", other.body)
	}
	p.must(t, 204, "POST", "/verify-email", fmt.Sprintf(`{"token":%q}`, token))
	login := fmt.Sprintf(`{"email":"key@example.org","password":%q}`, password)
	one := p.must(t, 200, "POST", "/login", login, "Idempotency-Key", "k2")
	two := p.must(t, 200, "POST", "/login", login, "Idempotency-Key", "k2")
	if one.get("session_id") == "" || one.get("session_id") != two.get("session_id") {
		t.Errorf("one key gave two sessions")
	}
}

func TestATokenIsGoodOnce(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	p.must(t, 201, "POST", "/users", fmt.Sprintf(`{"email":"once@example.org","password":%q}`, password))
	token := w.token("once@example.org")
	body := fmt.Sprintf(`{"token":%q}`, token)
	if page := p.must(t, 200, "GET", "/verify-email?token="+token, ""); !strings.Contains(string(page.body), "<button") {
		t.Errorf("the page has no button: %s", page.body)
	}
	p.must(t, 204, "POST", "/verify-email", body)
	if got := p.must(t, 400, "POST", "/verify-email", body); got.get("type") != "/problems/account.token-used" {
		t.Errorf("the problem is %s", got.body)
	}
}

func TestATokenIsGoodInTime(t *testing.T) {
	w := newWorld(t, "VERIFY_TOKEN_TTL=1s")
	p := w.start()
	p.must(t, 201, "POST", "/users", fmt.Sprintf(`{"email":"late@example.org","password":%q}`, password))
	expired := time.After(time.Second) // the time that is over is what is tested
	token := w.token("late@example.org")
	<-expired
	got := p.must(t, 400, "POST", "/verify-email", fmt.Sprintf(`{"token":%q}`, token))
	if got.get("type") != "/problems/account.token-expired" {
		t.Errorf("the problem is %s", got.body)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	removeBinary()
	os.Exit(code)
}
