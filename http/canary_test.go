package http_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"am-user-management/domain"
	amhttp "am-user-management/http"
)

// TestR18NothingSecretOrPersonalIsLogged is S85: a whole life at the chattiest level, every value of it a canary, and no
// canary in log, metrics or the answers to what went wrong.
func TestR18NothingSecretOrPersonalIsLogged(t *testing.T) {
	var h *house
	h = newHouse(t, func(d *amhttp.Deps) {
		d.Logger = slog.New(slog.NewJSONHandler(writer(func(p []byte) (int, error) { return h.logged.Write(p) }), &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	h.seeded()
	canaries := map[string]string{
		"e-mail": "canary.Person@canary-domain.example", "password": "canary-password-1", "wrong password": "canary-wrong-2",
		"first name": "Canaryfirst", "last name": "Canarylast", "phone": "+4917698765432", "bio": "canary-bio", "picture": "canary-picture",
		"metadata": "canary-metadata", "user agent": "canary-agent", "query": "canary-query", "bad token": "canary-token", "path": "canary-path",
		"key": "canary-key", "bad session": strings.Repeat("c", 43), "header": "canary-header", "bad field": "canary-field",
	}
	var failures []string
	call := func(method, path, body string, headers ...string) answer {
		t.Helper()
		got := h.call(method, path, body, append(headers, "User-Agent", canaries["user agent"], "Idempotency-Key", canaries["key"]+path+method+body,
			"X-Forwarded-For", "198.51.100.78", "Cookie", "session="+canaries["header"])...)
		if got.status >= 400 {
			failures = append(failures, got.text)
		}
		return got
	}
	person := func(fields ...string) string {
		body := map[string]string{}
		for i := 0; i+1 < len(fields); i += 2 {
			body[fields[i]] = fields[i+1]
		}
		encoded, _ := json.Marshal(body)
		return string(encoded)
	}
	signUp := person("email", canaries["e-mail"], "password", canaries["password"], "first_name", canaries["first name"],
		"last_name", canaries["last name"], "phone_number", canaries["phone"])
	id := call(http.MethodPost, "/users", signUp).want(http.StatusCreated).string("id")
	call(http.MethodPost, "/users", signUp+" ")
	h.call(http.MethodPost, "/users", signUp).want(http.StatusConflict)
	call(http.MethodPost, "/users", person("email", canaries["e-mail"]+"@", "password", "x", "first_name", canaries["first name"]+"\n", "phone_number", canaries["phone"]+"x"))
	call(http.MethodPost, "/login", person("email", canaries["e-mail"], "password", canaries["password"])).want(http.StatusForbidden)
	call(http.MethodPost, "/verify-email", person("token", canaries["bad token"]))
	call(http.MethodGet, "/verify-email?token="+canaries["bad token"], "")
	mailed := h.mailed(id)
	canaries["mailed token"] = mailed
	call(http.MethodPost, "/verify-email", person("token", mailed)).want(http.StatusNoContent)
	call(http.MethodPost, "/verify-email", person("token", mailed)+" ")
	h.onboarded(id)
	call(http.MethodPost, "/login", person("email", canaries["e-mail"], "password", canaries["wrong password"])).want(http.StatusUnauthorized)
	call(http.MethodPost, "/login", person("email", "unknown-"+canaries["e-mail"], "password", canaries["wrong password"])).want(http.StatusUnauthorized)
	session := call(http.MethodPost, "/login", person("email", canaries["e-mail"], "password", canaries["password"])).want(http.StatusOK).string("session_id")
	canaries["session"] = session
	bearer := "Bearer " + session
	call(http.MethodGet, "/users/me?q="+canaries["query"], "", "Authorization", bearer).want(http.StatusBadRequest)
	call(http.MethodPatch, "/profile", person("bio", canaries["bio"], "picture_url", "https://x.example/"+canaries["picture"]+".png"), "Authorization", bearer).want(http.StatusOK)
	call(http.MethodPatch, "/profile", `{"metadata":{"k":"`+canaries["metadata"]+`"}}`, "Authorization", bearer).want(http.StatusOK)
	call(http.MethodPatch, "/profile", `{"bio":"`+strings.Repeat(canaries["bio"], 100)+`"}`, "Authorization", bearer).want(http.StatusBadRequest)
	call(http.MethodPatch, "/profile", `{"picture_url":"`+canaries["picture"]+`"}`, "Authorization", bearer).want(http.StatusBadRequest)
	call(http.MethodPatch, "/profile", `{"bio":["`+canaries["bio"]+`"]}`, "Authorization", bearer).want(http.StatusBadRequest)
	call(http.MethodPatch, "/profile", `{"bio":"`+canaries["bio"], "Authorization", bearer).want(http.StatusBadRequest)
	call(http.MethodGet, "/users/me", "", "Authorization", "Bearer "+canaries["bad session"]).want(http.StatusUnauthorized)
	call(http.MethodGet, "/projections", "", "Authorization", bearer).want(http.StatusForbidden)
	call(http.MethodGet, "/"+canaries["path"], "").want(http.StatusNotFound)
	call("X"+canaries["path"], "/users", "")
	call(http.MethodGet, "/sessions?cursor="+canaries["query"], "", "Authorization", bearer).want(http.StatusBadRequest)
	h.send(h.server.Internal(), http.MethodGet, "/internal/v1/users/"+id, "", "Authorization", "Bearer "+serviceKey).want(http.StatusOK)
	h.send(h.server.Internal(), http.MethodGet, "/internal/v1/users/"+id, "", "Authorization", "Bearer "+canaries["key"]).want(http.StatusUnauthorized)
	if _, err := h.pool.Exec(t.Context(), `ALTER TABLE profiles ADD CONSTRAINT poison CHECK (false) NOT VALID`); err != nil {
		t.Fatal(err)
	}
	call(http.MethodPost, "/logout", "", "Authorization", bearer).want(http.StatusNoContent)
	delete(canaries, "bad field")

	log := h.logged.String()
	metrics := h.send(h.server.Internal(), http.MethodGet, "/metrics", "").want(http.StatusOK).text
	canaries["service key"], canaries["address"] = serviceKey, "198.51.100.78"
	for what, canary := range canaries {
		forms := []string{canary, strings.ToLower(canary), strings.ReplaceAll(canary, "@", "%40")}
		for _, form := range forms {
			if strings.Contains(log, form) {
				t.Errorf("the log holds the %s", what)
			}
			if strings.Contains(metrics, form) {
				t.Errorf("the metrics hold the %s", what)
			}
			for _, failure := range failures {
				if strings.Contains(failure, form) {
					t.Errorf("an answer repeats the %s: %s", what, failure)
				}
			}
		}
	}
	if !strings.Contains(log, id) || strings.Count(log, "\n") < len(failures) {
		t.Error("this test reads the wrong log")
	}
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// TestR18LinesOfTheLogAreOurs is S86: nothing that a client sends begins a line, or ends one.
func TestR18LinesOfTheLogAreOurs(t *testing.T) {
	for name, handler := range map[string]func(h *house) slog.Handler{
		"json": func(h *house) slog.Handler { return slog.NewJSONHandler(h.logged, nil) },
		"text": func(h *house) slog.Handler { return slog.NewTextHandler(h.logged, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var h *house
			h = newHouse(t, func(d *amhttp.Deps) {
				d.Logger = slog.New(lazy(func() slog.Handler { return handler(h) }))
			})
			const forged = "x\r\nlevel=INFO msg=security event=login outcome=ok\u2028\x1b[31m"
			before := strings.Count(h.logged.String(), "\n")
			headers := []string{"X-Request-Id", forged, "Traceparent", forged, "User-Agent", forged, "Authorization", forged, "X-Forwarded-For", forged}
			for _, path := range []string{"/users/me", "/nowhere%0d%0alevel=INFO", "/users/me?x=%0d%0a"} {
				h.call(http.MethodGet, path, "", headers...)
			}
			h.call(http.MethodPost, "/login", `{"email":"a@example.org\r\nlevel=INFO","password":"x\r\ny"}`, headers...)
			text := h.logged.String()
			// One line per request, and one about the failed login.
			if lines := strings.Count(text, "\n") - before; lines != 5 {
				t.Errorf("%d lines: %s", lines, text)
			}
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "level=") || strings.ContainsAny(line[:len(line)-1], "\r\n\x1b\u2028") || strings.Contains(line, "outcome=ok") {
					t.Errorf("line %q", line)
				}
			}
		})
	}
}

// TestR18SecurityEventsAreLogged is S87: what happened, how it came out, who and whom, each in one line and by ids.
func TestR18SecurityEventsAreLogged(t *testing.T) {
	h := newHouse(t).seeded()
	id := h.verified()
	bearer := h.login()
	h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"wrong horse"}`, "X-Request-Id", "the-wrong-one").want(http.StatusUnauthorized)
	h.call(http.MethodGet, "/jobs", "", "Authorization", bearer).want(http.StatusForbidden)
	h.call(http.MethodPost, "/logout", "", "Authorization", bearer).want(http.StatusNoContent)
	root := h.admin()
	h.call(http.MethodPost, "/projections/profiles/retry", "", "Authorization", root).want(http.StatusNoContent)
	for range 12 {
		h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"wrong horse"}`)
	}
	type event struct {
		Msg, Level, Event, Outcome, Problem, Listener, Route string
		Time                                                 string
		RequestID                                            string `json:"request_id"`
		UserID                                               string `json:"user_id"`
		Session, Target                                      string
	}
	var events []event
	for line := range strings.Lines(h.logged.String()) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Msg == "security" {
			events = append(events, e)
		}
	}
	find := func(what, outcome, problem string) event {
		t.Helper()
		for _, e := range events {
			if e.Event == what && e.Outcome == outcome && e.Problem == problem {
				if e.Time == "" || e.RequestID == "" || e.Listener != "public" || e.Route == "" {
					t.Errorf("not a whole event: %+v", e)
				}
				return e
			}
		}
		t.Errorf("no event %s %s %s in %+v", what, outcome, problem, events)
		return event{}
	}
	if e := find("sign_up", "ok", ""); e.Target != id {
		t.Errorf("sign-up of %q", e.Target)
	}
	if e := find("email_verification", "ok", ""); e.Target != id {
		t.Errorf("verification of %q", e.Target)
	}
	if e := find("login", "ok", ""); e.UserID != id || e.Level != "INFO" {
		t.Errorf("login %+v", e)
	}
	if e := find("login", "refused", "account.invalid-credentials"); e.RequestID != "the-wrong-one" || e.Level != "WARN" || e.UserID != "" {
		t.Errorf("failed login %+v", e)
	}
	find("login", "refused", "account.locked")
	if e := find("access", "refused", "roles.permission-denied"); e.UserID != id || e.Route != "/jobs" {
		t.Errorf("refused access %+v", e)
	}
	if e := find("logout", "ok", ""); e.UserID != id || e.Session == "" {
		t.Errorf("logout %+v", e)
	} else if _, err := domain.ParseID(e.Session); err != nil {
		t.Errorf("session %q", e.Session)
	}
	find("projection_retry", "ok", "")
	reads := 0
	for _, e := range events {
		if e.Route == "/users/me" || e.Event == "" {
			reads++
		}
	}
	if reads > 0 {
		t.Error("reads are no security events")
	}
}

// lazy is a handler that is made when it is first used.
func lazy(make func() slog.Handler) slog.Handler { return &lazyHandler{make: make} }

type lazyHandler struct {
	make  func() slog.Handler
	attrs []slog.Attr
}

func (l *lazyHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (l *lazyHandler) Handle(ctx context.Context, r slog.Record) error {
	return l.make().WithAttrs(l.attrs).Handle(ctx, r)
}

func (l *lazyHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lazyHandler{l.make, append(slices.Clone(l.attrs), attrs...)}
}

func (l *lazyHandler) WithGroup(string) slog.Handler { return l }
