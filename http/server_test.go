package http_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	amhttp "am-user-management/http"
)

const anID = "6f1f9d3c-0000-4000-8000-000000000000"

func (h *house) listener(l amhttp.Listener) http.Handler {
	if l == amhttp.Public {
		return h.server.Public()
	}
	return h.server.Internal()
}

// TestEveryRouteAsksForWhatItDeclares walks the list that the listeners are built from.
func TestEveryRouteAsksForWhatItDeclares(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	routes := h.server.Routes()
	if len(routes) < 18 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, route := range routes {
		path := strings.NewReplacer(":id", anID, ":name", "support", ":role", "support").Replace(route.Path)
		body := ""
		if route.Body != nil {
			body = "{}"
		}
		call := func(headers ...string) answer {
			return h.send(h.listener(route.Listener), route.Method, path, body, headers...)
		}
		name := route.Method + " " + route.Path
		none, session, service := call(), call("Authorization", bearer), call("Authorization", "Bearer "+serviceKey)
		switch route.Auth {
		case amhttp.Anonymous:
			if none.status == http.StatusUnauthorized {
				t.Errorf("%s asks for credentials", name)
			}
		case amhttp.Session:
			none.problem(http.StatusUnauthorized, "request.unauthenticated")
			service.problem(http.StatusUnauthorized, "request.unauthenticated")
			if session.status == http.StatusUnauthorized {
				t.Errorf("%s refuses a session", name)
			}
			if route.Method == http.MethodPost { // it may have been the logout
				bearer = h.login()
			}
		case amhttp.ServiceKey:
			none.problem(http.StatusUnauthorized, "request.unauthenticated")
			session.problem(http.StatusUnauthorized, "request.unauthenticated")
			if service.status == http.StatusUnauthorized {
				t.Errorf("%s refuses a service", name)
			}
		default:
			t.Errorf("%s declares %q", name, route.Auth)
		}
		if other := h.send(h.listener(route.Listener), http.MethodTrace, path, ""); other.status != http.StatusMethodNotAllowed || other.header.Get("Allow") == "" {
			t.Errorf("TRACE %s: %d, Allow %q", path, other.status, other.header.Get("Allow"))
		}
		if slices.ContainsFunc(routes, func(r amhttp.Route) bool {
			return r.Listener != route.Listener && r.Method == route.Method && r.Path == route.Path
		}) {
			continue
		}
		elsewhere := amhttp.Internal
		if route.Listener == amhttp.Internal {
			elsewhere = amhttp.Public
		}
		h.send(h.listener(elsewhere), route.Method, path, body, "Authorization", bearer).problem(http.StatusNotFound, "request.not-found")
	}
}

func TestRoutesOfModulesThatAreOffDoNotExist(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) { d.Modules = []amhttp.Module{amhttp.Account} })
	h.call(http.MethodGet, "/profile", "").problem(http.StatusNotFound, "request.not-found")
	h.call(http.MethodGet, "/plans", "").problem(http.StatusNotFound, "request.not-found")
	h.send(h.server.Internal(), http.MethodGet, "/internal/v1/users/"+anID+"/profile", "", "Authorization", "Bearer "+serviceKey).
		problem(http.StatusNotFound, "request.not-found")
	h.call(http.MethodGet, "/sessions", "").problem(http.StatusUnauthorized, "request.unauthenticated")
}

func TestServicesReadContractV1(t *testing.T) {
	h := newHouse(t)
	id := h.verified()
	h.onboarded(id)
	get := func(path string) answer {
		t.Helper()
		return h.send(h.server.Internal(), http.MethodGet, path, "", "Authorization", "Bearer "+serviceKey)
	}
	if got := get("/internal/v1/users/" + id).want(http.StatusOK).text; got != `{"id":"`+id+`","email":"Ada@example.org","status":"ACTIVE"}` {
		t.Errorf("account %s", got)
	}
	folded := get("/internal/v1/users/" + id + "/profile").want(http.StatusOK).text
	h.project()
	read := get("/internal/v1/users/" + id + "/profile").want(http.StatusOK).text
	if want := `{"first_name":"Ada","bio":null,"picture_url":null}`; folded != want || read != want {
		t.Errorf("profile folded %s, read %s, want %s", folded, read, want)
	}
	get("/internal/v1/users/"+anID).problem(http.StatusNotFound, "account.not-found")
	get("/internal/v1/users/"+anID+"/profile").problem(http.StatusNotFound, "profile.not-found")
	get("/internal/v1/users/nobody").field("id")
	h.send(h.server.Internal(), http.MethodGet, "/internal/v1/users/"+id, "", "Authorization", "Bearer "+serviceKey+"x").
		problem(http.StatusUnauthorized, "request.unauthenticated")
}

func TestOnboardingIsShown(t *testing.T) {
	h := newHouse(t)
	h.queueTables()
	bearer := h.loggedIn()
	h.call(http.MethodGet, "/users/me/onboarding", "", "Authorization", bearer).problem(http.StatusServiceUnavailable, "projection.behind")
	h.project()
	steps, _ := h.call(http.MethodGet, "/users/me/onboarding", "", "Authorization", bearer).want(http.StatusOK).json("steps").([]any)
	if len(steps) != 5 {
		t.Fatalf("steps %v", steps)
	}
	if trial, _ := steps[0].(map[string]any); trial["name"] != "trial" || trial["status"] != "done" {
		t.Errorf("first step %v", trial)
	}
}

func TestEveryAnswerIsSecuredAndNamed(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/plans", "/users/me", "/nowhere"} {
		got := h.call(http.MethodGet, path, "", "X-Request-Id", "of-the-client").header
		for name, want := range map[string]string{
			"X-Request-Id": "of-the-client", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer",
			"Strict-Transport-Security": "max-age=31536000", "Server": "",
		} {
			if got.Get(name) != want {
				t.Errorf("GET %s: %s = %q, want %q", path, name, got.Get(name), want)
			}
		}
	}
}

func TestLogTellsHowItWentAndNothingAboutPeople(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	h.call(http.MethodGet, "/users/me", "", "Authorization", bearer, "X-Request-Id", "r1", "Traceparent", trace)
	h.call(http.MethodGet, "/users/me?hello=world", "", "Authorization", bearer).field("hello")
	h.call(http.MethodGet, "/wp-login.php", "")
	h.call("FANCY", "/users/me", "")
	text := h.logged.String()
	for _, secret := range []string{"ada@", "Ada", "correct horse", bearer[7:], "192.0.2.1", "hello", "wp-login", "FANCY"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	var line map[string]any
	for one := range strings.Lines(text) {
		if strings.Contains(one, `"r1"`) {
			if err := json.Unmarshal([]byte(one), &line); err != nil {
				t.Fatal(err)
			}
		}
	}
	if line["route"] != "/users/me" || line["method"] != "GET" || line["status"] != 200.0 || line["traceparent"] != trace || line["listener"] != "public" {
		t.Errorf("line %v", line)
	}
	exposed := h.send(h.server.Internal(), http.MethodGet, "/metrics", "").want(http.StatusOK).text
	if !strings.Contains(exposed, `http_request_duration_seconds_count{listener="public",method="GET",route="/users/me",status="200"} 1`) ||
		strings.Contains(exposed, "wp-login") || strings.Contains(exposed, "FANCY") {
		t.Errorf("metrics: %s", exposed)
	}
}

func TestEventsTellWhichRequestMadeThem(t *testing.T) {
	h := newHouse(t)
	const trace, id = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "0b7e0d0e-7d1c-4f6c-9d58-0f5f8f0e7b11"
	h.call(http.MethodPost, "/users", ada, "Traceparent", trace, "X-Request-Id", id).want(http.StatusCreated)
	for _, event := range h.log.Log() {
		if meta := string(event.Metadata); !strings.Contains(meta, trace) || !strings.Contains(meta, id) {
			t.Errorf("%s: metadata %s", event.Type, meta)
		}
	}
}

func TestPanicFailsTheRequestOnly(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) {
		d.Ready = func(context.Context) []amhttp.Check { panic("a secret cause") }
	})
	a := h.send(h.server.Internal(), http.MethodGet, "/readyz", "").problem(http.StatusInternalServerError, "server.internal")
	if strings.Contains(a.text, "secret cause") || !strings.Contains(h.logged.String(), "secret cause") {
		t.Errorf("answer %s, log %s", a.text, h.logged)
	}
	h.send(h.server.Internal(), http.MethodGet, "/healthz", "").want(http.StatusOK)
}

func TestReadinessNamesWhatIsMissing(t *testing.T) {
	checks := []amhttp.Check{{Name: "postgres"}, {Name: "eventstore"}}
	h := newHouse(t, func(d *amhttp.Deps) { d.Ready = func(context.Context) []amhttp.Check { return checks } })
	h.send(h.server.Internal(), http.MethodGet, "/readyz", "").want(http.StatusOK)
	checks[1].Fault = "does not answer"
	a := h.send(h.server.Internal(), http.MethodGet, "/readyz", "").want(http.StatusServiceUnavailable)
	if a.string("status") != "not ready" || !strings.Contains(a.text, `{"name":"eventstore","fault":"does not answer"}`) {
		t.Errorf("readiness %s", a.text)
	}
}

func TestWriteThatIsNotEffectiveYetSaysSo(t *testing.T) {
	h := newHouse(t)
	h.verified()
	if _, err := h.pool.Exec(t.Context(), `ALTER TABLE sessions RENAME TO elsewhere`); err != nil {
		t.Fatal(err)
	}
	body := `{"email":"ada@example.org","password":"correct horse"}`
	a := h.call(http.MethodPost, "/login", body, "Idempotency-Key", "k").problem(http.StatusServiceUnavailable, "request.not-yet-effective")
	if a.header.Get("Consistency-Token") == "" || a.header.Get("Retry-After") == "" || strings.Contains(a.text, "sessions") {
		t.Errorf("%v %s", a.header, a.text)
	}
	h.call(http.MethodGet, "/users/me", "", "Authorization", "Bearer "+strings.Repeat("A", 43)).problem(http.StatusInternalServerError, "server.internal")
	if _, err := h.pool.Exec(t.Context(), `ALTER TABLE elsewhere RENAME TO sessions`); err != nil {
		t.Fatal(err)
	}
	bearer := h.login("Idempotency-Key", "k")
	h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).want(http.StatusOK)
}

func TestRequestsEndByTheirDeadline(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) { d.Deadline = time.Nanosecond })
	h.call(http.MethodPost, "/users", ada).want(http.StatusServiceUnavailable)
}

func TestWriteIsFinishedForAClientThatIsGone(t *testing.T) {
	h := newHouse(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/users", strings.NewReader(ada))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.server.Public().ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		t.Errorf("status = %d: %s", w.Code, w.Body)
	}
}

func TestMailCatcherIsShownInDevelopmentOnly(t *testing.T) {
	h := newHouse(t)
	h.call(http.MethodGet, "/dev/mail", "").problem(http.StatusNotFound, "request.not-found")
	h = newHouse(t, func(d *amhttp.Deps) {
		d.DevMail = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.Path)) })
	})
	for _, path := range []string{"/dev/mail", "/dev/mail/1.eml"} {
		if got := h.call(http.MethodGet, path, "").want(http.StatusOK).text; got != path {
			t.Errorf("GET %s: %s", path, got)
		}
	}
}

func TestUseOfASessionIsNoted(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); h.server.Run(ctx) }()
	defer func() { stop(); <-done }()
	for range 3 {
		h.pass(time.Hour) // three hours in all: longer than a session may be idle
		h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).want(http.StatusOK)
		h.seen(h.now())
	}
}

// seen waits until the use of a session at that time is noted.
func (h *house) seen(at time.Time) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer cancel()
	for noted := false; !noted; {
		if err := h.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM session_activity WHERE last_seen_at = $1)`, at).Scan(&noted); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestListenerRefusesEndlessHeaders(t *testing.T) {
	h := newHouse(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := amhttp.NewListener(h.server.Public(), slog.New(slog.DiscardHandler))
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	defer func() { _ = server.Close(); <-done }()
	for size, want := range map[int]int{12 << 10: http.StatusOK, 17 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/plans", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Padding", strings.Repeat("x", size))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%d bytes of headers: status %d, want %d", size, response.StatusCode, want)
		}
	}
	if server.ReadHeaderTimeout != 5*time.Second || server.ReadTimeout != 15*time.Second || server.IdleTimeout != time.Minute {
		t.Errorf("time limits %v %v %v", server.ReadHeaderTimeout, server.ReadTimeout, server.IdleTimeout)
	}
}
