package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get decodes a field of the answer's JSON object as text.
func (a answer) get(field string) string {
	var object map[string]any
	if json.Unmarshal(a.body, &object) != nil {
		return ""
	}
	if text, ok := object[field].(string); ok {
		return text
	}
	return fmt.Sprint(object[field])
}

// call sends one request; pairs are headers. A lost connection is an error: the outcome is unknown then.
func call(method, address, body string, pairs ...string) (answer, error) {
	var reader io.Reader
	if body != "" {
		reader = bytes.NewReader([]byte(body))
	}
	request, err := http.NewRequest(method, address, reader)
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		request.Header.Set(pairs[i], pairs[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

// must is call for a request that has to come out with a status.
func (p *process) must(t testing.TB, status int, method, path, body string, pairs ...string) answer {
	t.Helper()
	got, err := call(method, p.public+path, body, pairs...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if got.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.body)
	}
	return got
}

const password = "correct horse battery"

// user is somebody with a session.
type user struct {
	id, email, session string
}

func (u user) auth() []string { return []string{"Authorization", "Bearer " + u.session} }

// logIn is a session of somebody who has the password of the tests.
func (p *process) logIn(t testing.TB, address string, pairs ...string) user {
	t.Helper()
	answer := p.must(t, 200, "POST", "/login", fmt.Sprintf(`{"email":%q,"password":%q}`, address, password), pairs...)
	return user{email: address, session: answer.get("session_id")}
}

// signUp takes somebody through sign-up, the mail, and login.
func (w *world) signUp(p *process, address string) user {
	w.t.Helper()
	created := p.must(w.t, 201, "POST", "/users", fmt.Sprintf(`{"email":%q,"password":%q,"first_name":"Ada"}`, address, password))
	w.verify(p, address)
	u := p.logIn(w.t, address)
	u.id = created.get("id")
	return u
}

func (w *world) verify(p *process, address string) {
	w.t.Helper()
	p.must(w.t, 204, "POST", "/verify-email", fmt.Sprintf(`{"token":%q}`, w.token(address)))
}

// token is the token in the next mail to an address.
func (w *world) token(address string) string {
	w.t.Helper()
	link, err := url.Parse(w.nextMail(address).Link())
	if err != nil {
		w.t.Fatal(err)
	}
	return link.Query().Get("token")
}

// eventually asks until it is so; what it asks for happens in another process.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	deadline := time.After(3 * time.Minute) // a job of a killed process is taken up after a minute or two
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come to be: ", what)
		}
	}
}

// onboarded reports whether every step of a user's onboarding is done.
func (p *process) onboarded(t testing.TB, u user) bool {
	t.Helper()
	got, err := call("GET", p.public+"/users/me/onboarding", "", u.auth()...)
	if err != nil || got.status != 200 {
		return false
	}
	var steps struct {
		Steps []struct{ Name, Status string }
	}
	if err := json.Unmarshal(got.body, &steps); err != nil {
		t.Fatal(err)
	}
	for _, step := range steps.Steps {
		if step.Status != "done" {
			return false
		}
	}
	return len(steps.Steps) == 5
}
