package http_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/plan"
	"am-user-management/domain/roles"
	amhttp "am-user-management/http"
	"am-user-management/internal/codec"
	"am-user-management/internal/email"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/memstore"
	"am-user-management/internal/imports"
	"am-user-management/internal/keyring"
	"am-user-management/internal/limiter"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/token"
	"am-user-management/projections"
	"am-user-management/readmodel"
)

// house is the service over a store in memory, with real tables that are brought up to date only when a test says so.
type house struct {
	t        testing.TB
	server   *amhttp.Server
	commands *commands.Service
	wired    commands.Dependencies
	deps     amhttp.Deps
	tokens   *token.Tokens
	codec    *codec.Codec
	ring     *keyring.Memory
	log      *memstore.Store
	pool     *pgxpool.Pool
	view     *view
	logged   *bytes.Buffer
	imports  *imports.Imports
	operated *operated

	mu     sync.Mutex
	passed time.Duration
}

const serviceKey = "a-service-key-of-some-length"

func newHouse(tb testing.TB, change ...func(*amhttp.Deps)) *house {
	tb.Helper()
	h := &house{t: tb, logged: &bytes.Buffer{}, pool: pgtest.New(tb), view: &view{}, operated: newOperated()}
	var err error
	h.ring = keyring.NewMemory()
	if h.codec, err = codec.New(h.ring, codec.All()...); err != nil {
		tb.Fatal(err)
	}
	if h.tokens, err = token.New([]byte("a server secret of 32 bytes, not fewer")); err != nil {
		tb.Fatal(err)
	}
	h.log = memstore.New(h.codec, h.now)
	h.wired = commands.Dependencies{
		Store: h.log, Inline: projections.Inline(h.pool), Passwords: passwords{}, Clock: h.now,
		Limiter:   limiter.New(h.pool, []byte("secret"), limiter.Rules{Attempts: 10, Lock: 15 * time.Minute}, h.now),
		ClaimOf:   func(normal string) string { return email.Claim([]byte("pepper"), normal) },
		ValidZone: func(name string) bool { return name == "Europe/Berlin" },
		Settings: commands.Settings{
			EmailVerification: true, VerifyTokenTTL: 24 * time.Hour, SessionAbsoluteTTL: 24 * time.Hour, SessionIdleTTL: 2 * time.Hour,
			MaxBioLength: 500, PictureFormats: []string{"png"}, TrialDays: 14, TrialPlan: "pro", AutoRenew: true, Currency: "USD", DefaultRole: "viewer",
			ResetTokenTTL: time.Hour,
		},
	}
	h.commands = commands.New(h.wired)
	h.imports = newImports(tb, h)
	deps := amhttp.Deps{
		Imports:  h.imports,
		Commands: h.commands, Reader: readmodel.New(h.pool), Tokens: h.tokens, Freshness: h.view,
		Projections: operatedProjections{h.operated}, Jobs: operatedJobs{h.operated},
		Logger: slog.New(slog.NewJSONHandler(h.logged, nil)), Clock: h.now, Metrics: prometheus.NewRegistry(),
		ServiceKeys: map[string]string{"am-auth-tokens": serviceKey},
		Modules:     []amhttp.Module{amhttp.Account, amhttp.Profile, amhttp.Subscription, amhttp.Roles},
	}
	for _, c := range change {
		c(&deps)
	}
	h.deps = deps
	if h.server, err = amhttp.New(deps); err != nil {
		tb.Fatal(err)
	}
	return h
}

// beside is another instance of the service over the same stores, wired a little differently.
func (h *house) beside(change ...func(*commands.Dependencies)) *house {
	h.t.Helper()
	wired, deps := h.wired, h.deps
	for _, c := range change {
		c(&wired)
	}
	second := &house{
		t: h.t, commands: commands.New(wired), wired: wired, tokens: h.tokens, codec: h.codec, log: h.log, pool: h.pool, view: h.view, logged: h.logged,
	}
	deps.Commands, deps.Reader, deps.Metrics = second.commands, readmodel.New(h.pool), prometheus.NewRegistry()
	second.deps = deps
	var err error
	if second.server, err = amhttp.New(deps); err != nil {
		h.t.Fatal(err)
	}
	return second
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Add(h.passed)
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passed += d
}

// project brings all tables up to date.
func (h *house) project() {
	h.t.Helper()
	h.projectFrom(0)
}

// projectFrom is project for what the log holds from its nth event on.
func (h *house) projectFrom(n int) {
	h.t.Helper()
	recorded := h.log.Log()
	if n == len(recorded) {
		return
	}
	events, err := h.codec.Decode(h.t.Context(), recorded[n:])
	if err != nil {
		h.t.Fatal(err)
	}
	tx, err := h.pool.Begin(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, projection := range projections.All() {
		if err := projection.Apply(h.t.Context(), tx, events); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := tx.Commit(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.view.advance(events[len(events)-1].Position)
}

// view is how far the tables are.
type view struct {
	mu    sync.Mutex
	at    eventstore.Position
	waits []time.Duration
}

func (v *view) advance(to eventstore.Position) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.at = to
}

func (v *view) Current(string) (eventstore.Position, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.at, nil
}

// Wait does not wait: it notes for how long it might have.
func (v *view) Wait(ctx context.Context, projection string, p eventstore.Position) (eventstore.Position, error) {
	at, _ := v.Current(projection)
	deadline, _ := ctx.Deadline()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waits = append(v.waits, time.Until(deadline))
	if at.Less(p) {
		return at, context.DeadlineExceeded
	}
	return at, nil
}

// passwords are quick, and judged as the real ones are as far as these tests go.
type passwords struct{}

func (passwords) Check(plain string, _ ...string) error {
	if len(plain) < 8 {
		return domain.ErrInvalid.WithFields(domain.FieldError{Field: "password", Message: "is too short"})
	}
	return nil
}

func (passwords) Hash(_ context.Context, plain string) (string, error) {
	return "hash of " + plain, nil
}

func (passwords) Verify(_ context.Context, phc, plain string) (ok, rehash bool, err error) {
	return phc == "hash of "+plain, false, nil
}
func (passwords) Decoy(context.Context, string) error { return nil }

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
}

// call sends a request; what follows the body are headers, name and value by turns.
func (h *house) call(method, path, body string, headers ...string) answer {
	h.t.Helper()
	return h.send(h.server.Public(), method, path, body, headers...)
}

func (h *house) send(handler http.Handler, method, path, body string, headers ...string) answer {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{h.t, w.Code, w.Header(), string(text)}
}

// want fails the test unless the status is the one given.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status = %d, want %d: %s", a.status, status, a.text)
	}
	return a
}

// problem fails the test unless the answer is that problem.
func (a answer) problem(status int, code string) answer {
	a.t.Helper()
	a.want(status)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("content type = %q", got)
	}
	if got := a.json("type"); got != "/problems/"+code {
		a.t.Errorf("problem %v, want %s: %s", got, code, a.text)
	}
	if a.json("title") == "" || a.json("status") != float64(status) || a.json("instance") != a.header.Get("X-Request-Id") {
		a.t.Errorf("not a whole problem: %s", a.text)
	}
	return a
}

// json is a member of the body.
func (a answer) json(name string) any {
	a.t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(a.text), &members); err != nil {
		a.t.Fatalf("not a JSON object: %q", a.text)
	}
	return members[name]
}

func (a answer) string(name string) string {
	a.t.Helper()
	text, ok := a.json(name).(string)
	if !ok {
		a.t.Fatalf("%s is no string in %s", name, a.text)
	}
	return text
}

// field fails the test unless the problem is about that field.
func (a answer) field(name string) answer {
	a.t.Helper()
	a.problem(http.StatusBadRequest, "request.invalid")
	if !strings.Contains(a.text, `"field":"`+name+`"`) {
		a.t.Errorf("want field %s: %s", name, a.text)
	}
	return a
}

const ada = `{"email":"Ada@Example.org","password":"correct horse","first_name":"Ada"}`

// verified signs ada up and proves her address.
func (h *house) verified() (userID string) {
	h.t.Helper()
	userID = h.call(http.MethodPost, "/users", ada).want(http.StatusCreated).string("id")
	h.call(http.MethodPost, "/verify-email", `{"token":"`+h.mailed(userID)+`"}`).want(http.StatusNoContent)
	return userID
}

// mailed is the token of the newest mail to a user.
func (h *house) mailed(userID string) string {
	h.t.Helper()
	id, err := domain.ParseID(userID)
	if err != nil {
		h.t.Fatal(err)
	}
	outcome, err := h.commands.Account(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	requests := outcome.State.Requests
	return h.tokens.Issue(amhttp.VerifyEmailToken, id, requests[len(requests)-1].ID)
}

// onboarded gives a user what the sagas give them.
func (h *house) onboarded(userID string) {
	h.t.Helper()
	id, err := domain.ParseID(userID)
	if err != nil {
		h.t.Fatal(err)
	}
	envelope, created, err := h.commands.Created(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.commands.CreateProfile(h.t.Context(), commands.Reaction(envelope, "onboarding", "profile", userID), created); err != nil {
		h.t.Fatal(err)
	}
	if err := h.commands.StartTrial(h.t.Context(), commands.Reaction(envelope, "onboarding", "trial", userID), created); err != nil {
		h.t.Fatal(err)
	}
}

// loggedIn is the header of a user with everything.
func (h *house) loggedIn() (bearer string) {
	h.t.Helper()
	h.onboarded(h.verified())
	return h.login()
}

func (h *house) login(headers ...string) (bearer string) {
	h.t.Helper()
	body := `{"email":"ada@example.org","password":"correct horse"}`
	return "Bearer " + h.call(http.MethodPost, "/login", body, headers...).want(http.StatusOK).string("session_id")
}

// seeded gives the house the roles and plans that are built in.
func (h *house) seeded() *house {
	h.t.Helper()
	hierarchy := map[string][]string{"admin": {"editor"}, "editor": {"viewer"}}
	if err := h.commands.Seed(h.t.Context(), roles.BuiltIn(hierarchy), plan.BuiltIn("USD")); err != nil {
		h.t.Fatal(err)
	}
	return h
}

// queueTables makes the tables of the job queue, which the onboarding view looks into.
func (h *house) queueTables() {
	h.t.Helper()
	migrator, err := rivermigrate.New(riverpgxv5.New(h.pool), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := migrator.Migrate(h.t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		h.t.Fatal(err)
	}
}
