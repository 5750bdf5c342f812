package http_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSignUpVerifyLogInLogOut(t *testing.T) {
	h := newHouse(t)
	created := h.call(http.MethodPost, "/users", ada).want(http.StatusCreated)
	if created.string("email") != "Ada@example.org" || created.string("status") != "PENDING_VERIFICATION" {
		t.Errorf("created %s", created.text)
	}
	id := created.string("id")
	if created.header.Get("Location") != "/users/"+id || created.header.Get("Etag") != `"1"` || created.header.Get("Consistency-Token") == "" {
		t.Errorf("headers %v", created.header)
	}
	login := `{"email":" ada@EXAMPLE.org ","password":"correct horse"}`
	h.call(http.MethodPost, "/login", login).problem(http.StatusForbidden, "account.email-not-verified")
	h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"wrong horse"}`).problem(http.StatusUnauthorized, "account.invalid-credentials")
	h.call(http.MethodPost, "/login", `{"email":"eve@example.org","password":"correct horse"}`).problem(http.StatusUnauthorized, "account.invalid-credentials")

	mailed := h.mailed(id)
	h.call(http.MethodPost, "/verify-email", `{"token":"`+mailed+`x"}`).problem(http.StatusBadRequest, "account.token-invalid")
	verified := h.call(http.MethodPost, "/verify-email", `{"token":"`+mailed+`"}`).want(http.StatusNoContent)
	if verified.header.Get("Etag") != `"2"` || verified.header.Get("Consistency-Token") == "" {
		t.Errorf("headers %v", verified.header)
	}
	h.call(http.MethodPost, "/verify-email", `{"token":"`+mailed+`"}`).problem(http.StatusBadRequest, "account.token-used")

	session := h.call(http.MethodPost, "/login", login).want(http.StatusOK)
	if session.string("user_id") != id || session.string("expires_at") != "2026-11-24T12:00:00Z" || session.string("idle_expires_at") != "2026-11-23T14:00:00Z" {
		t.Errorf("session %s", session.text)
	}
	bearer := "Bearer " + session.string("session_id")
	me := h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).want(http.StatusOK)
	want := `{"id":"` + id + `","email":"Ada@example.org","status":"ACTIVE","verified_at":"2026-11-23T12:00:00Z","created_at":"2026-11-23T12:00:00Z"}`
	if me.text != want || me.header.Get("Etag") != `"2"` {
		t.Errorf("me = %s, want %s", me.text, want)
	}
	h.call(http.MethodPost, "/logout", "", "Authorization", bearer).want(http.StatusNoContent)
	h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).problem(http.StatusUnauthorized, "request.unauthenticated")
}

func TestSignUpNamesEveryFault(t *testing.T) {
	h := newHouse(t)
	a := h.call(http.MethodPost, "/users", `{"email":"nobody","phone_number":"0049 151"}`)
	a.field("email").field("password").field("phone_number")
	h.call(http.MethodPost, "/users", `{"email":"ada@example.org","password":"short"}`).field("password")
	h.call(http.MethodPost, "/users", `{"email":"ada@example.org","password":"long enough","timezone":"Nowhere"}`).field("timezone")
	if len(h.log.Log()) != 0 {
		t.Error("a refused sign-up left events")
	}
	h.call(http.MethodPost, "/users", ada).want(http.StatusCreated)
	h.call(http.MethodPost, "/users", strings.ToUpper(ada[:27])+ada[27:]).field("EMAIL")
	h.call(http.MethodPost, "/users", ada).problem(http.StatusConflict, "account.user-already-exists")
}

func TestResendAnswersAlikeForEverybody(t *testing.T) {
	h := newHouse(t)
	id := h.call(http.MethodPost, "/users", ada).want(http.StatusCreated).string("id")
	first := h.mailed(id)
	h.pass(2 * time.Minute)
	known := h.call(http.MethodPost, "/verify-email/resend", `{"email":"ada@example.org"}`, "X-Request-Id", "r").want(http.StatusAccepted)
	began := time.Now()
	unknown := h.call(http.MethodPost, "/verify-email/resend", `{"email":"eve@example.org"}`, "X-Request-Id", "r").want(http.StatusAccepted)
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("the answer about an unknown address took %v: too quick to have looked", took)
	}
	if known.text != unknown.text || len(known.header) != len(unknown.header) {
		t.Errorf("answers differ: %v %q, %v %q", known.header, known.text, unknown.header, unknown.text)
	}
	for name := range known.header {
		if known.header.Get(name) != unknown.header.Get(name) {
			t.Errorf("%s differs: %q, %q", name, known.header.Get(name), unknown.header.Get(name))
		}
	}
	if h.mailed(id) == first {
		t.Error("no other token was requested")
	}
	h.call(http.MethodPost, "/verify-email", `{"token":"`+first+`"}`).want(http.StatusNoContent) // earlier ones stay valid
}

func TestVerificationPageChangesNothingAndTakesNothingFromTheRequest(t *testing.T) {
	h := newHouse(t)
	id := h.call(http.MethodPost, "/users", ada).want(http.StatusCreated).string("id")
	events := len(h.log.Log())
	page := h.call(http.MethodGet, "/verify-email?token="+h.mailed(id)+`%22%3E%3Cscript%3E`, "").want(http.StatusOK)
	if len(h.log.Log()) != events {
		t.Error("opening the page changed something")
	}
	if strings.Contains(page.text, h.mailed(id)) || strings.Contains(page.text, `"><script>`) {
		t.Error("the page repeats the request")
	}
	policy := page.header.Get("Content-Security-Policy")
	_, rest, _ := strings.Cut(policy, "script-src 'nonce-")
	nonce, _, _ := strings.Cut(rest, "'")
	if len(nonce) < 20 || !strings.Contains(page.text, `<script nonce="`+nonce+`">`) || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q does not allow the page's script", policy)
	}
	if strings.Contains(page.text, "http://") || strings.Contains(page.text, "https://") || strings.Contains(page.text, "src=") {
		t.Error("the page loads something from elsewhere")
	}
	again := h.call(http.MethodGet, "/verify-email", "")
	if again.header.Get("Content-Security-Policy") == policy {
		t.Error("the nonce is used twice")
	}
}

func TestSessionsAreRefusedAlike(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	missing := h.call(http.MethodGet, "/users/me", "", "X-Request-Id", "r").problem(http.StatusUnauthorized, "request.unauthenticated")
	if missing.header.Get("Www-Authenticate") != "Bearer" {
		t.Errorf("headers %v", missing.header)
	}
	refused := func(name, authorization string) {
		t.Helper()
		got := h.call(http.MethodGet, "/users/me", "", "X-Request-Id", "r", "Authorization", authorization)
		if got.status != missing.status || got.text != missing.text || len(got.header) != len(missing.header) {
			t.Errorf("%s: %d %s %v, want %s", name, got.status, got.text, got.header, missing.text)
		}
	}
	refused("not a session", "Bearer abc")
	refused("another scheme", "Basic "+bearer[7:])
	refused("an unknown session", "Bearer "+strings.Repeat("A", 43))
	refused("a session with something behind it", bearer+"A")
	refused("a service key", "Bearer "+serviceKey)
	h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).want(http.StatusOK)
	h.pass(2*time.Hour + time.Second)
	refused("an idle session", bearer)
}

func TestLoginIsIdempotentUnderItsKey(t *testing.T) {
	h := newHouse(t)
	h.verified()
	first := h.login("Idempotency-Key", "login 1")
	events := len(h.log.Log())
	if again := h.login("Idempotency-Key", "login 1"); again != first {
		t.Error("the repeated login got another session")
	}
	if len(h.log.Log()) != events {
		t.Error("the repeated login started another session")
	}
	if other := h.login("Idempotency-Key", "login 2"); other == first {
		t.Error("another key got the same session")
	}
	if a, b := h.login(), h.login(); a == b {
		t.Error("two logins without key share a session")
	}
	body := `{"email":"ada@example.org","password":"correct horse "}`
	h.call(http.MethodPost, "/login", body, "Idempotency-Key", "login 1").problem(http.StatusUnauthorized, "account.invalid-credentials")
}

func TestKeysAreForOneBody(t *testing.T) {
	h := newHouse(t)
	first := h.call(http.MethodPost, "/users", ada, "Idempotency-Key", "k").want(http.StatusCreated)
	respelled := `{ "first_name":"\u0041da", "password":"correct horse", "email":"Ada@Example.org" }`
	again := h.call(http.MethodPost, "/users", respelled, "Idempotency-Key", "k").want(http.StatusCreated)
	if again.text != first.text || again.header.Get("Etag") != first.header.Get("Etag") || again.header.Get("Consistency-Token") != first.header.Get("Consistency-Token") {
		t.Errorf("again %s %v, first %s %v", again.text, again.header, first.text, first.header)
	}
	const reused = "request.idempotency-key-reused"
	h.call(http.MethodPost, "/users", strings.Replace(ada, `"Ada"`, `"Eve"`, 1), "Idempotency-Key", "k").problem(http.StatusUnprocessableEntity, reused)
	h.call(http.MethodPost, "/users", strings.Replace(ada, "correct horse", "another horse", 1), "Idempotency-Key", "k").problem(http.StatusUnprocessableEntity, reused)

	// Where the body chooses the stream, another body must not find another one.
	h.call(http.MethodPost, "/verify-email/resend", `{"email":"ada@example.org"}`, "Idempotency-Key", "k").want(http.StatusAccepted)
	h.call(http.MethodPost, "/verify-email/resend", `{"email":"ada@example.org"}`, "Idempotency-Key", "k").want(http.StatusAccepted)
	h.call(http.MethodPost, "/verify-email/resend", `{"email":"eve@example.org"}`, "Idempotency-Key", "k").problem(http.StatusUnprocessableEntity, reused)

	verification := `{"token":"` + h.mailed(first.string("id")) + `"}`
	h.call(http.MethodPost, "/verify-email", verification, "Idempotency-Key", "v").want(http.StatusNoContent)
	h.call(http.MethodPost, "/verify-email", verification, "Idempotency-Key", "v").want(http.StatusNoContent)

	for _, key := range []string{"", strings.Repeat("k", 201), "broken \xff"} {
		h.call(http.MethodPost, "/users", ada, "Idempotency-Key", key).field("Idempotency-Key")
	}
	h.call(http.MethodPost, "/users", ada, "Idempotency-Key", strings.Repeat("é", 200)).problem(http.StatusConflict, "account.user-already-exists")
}
