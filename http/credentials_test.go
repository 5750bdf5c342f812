package http_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	amhttp "am-user-management/http"
	"am-user-management/internal/eventstore"
)

const (
	resetAda    = `{"email":"ada@example.org"}`
	newPassword = "staple battery"
)

// account is a user as the stream tells.
func (h *house) account(userID string) account.State {
	h.t.Helper()
	id, err := domain.ParseID(userID)
	if err != nil {
		h.t.Fatal(err)
	}
	outcome, err := h.commands.Account(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return outcome.State
}

// resetToken asks for a new password and returns the token that is mailed.
func (h *house) resetToken(userID string) string {
	h.t.Helper()
	h.call(http.MethodPost, "/reset-password", resetAda).want(http.StatusAccepted)
	state := h.account(userID)
	return h.tokens.Issue(amhttp.ResetPasswordToken, state.UserID, state.Resets[len(state.Resets)-1].ID)
}

func reset(token, password string) string {
	return `{"token":"` + token + `","new_password":"` + password + `"}`
}

// alike fails the test if two answers can be told apart by anything but their request ids.
func alike(t *testing.T, what string, a, b answer) {
	t.Helper()
	if a.status != b.status || a.text != b.text || len(a.header) != len(b.header) {
		t.Errorf("%s: %d %s %v\nand %d %s %v", what, a.status, a.text, a.header, b.status, b.text, b.header)
	}
	for name := range a.header {
		if a.header.Get(name) != b.header.Get(name) {
			t.Errorf("%s: %s is %q and %q", what, name, a.header.Get(name), b.header.Get(name))
		}
	}
}

// working counts what is hashed.
type working struct {
	passwords
	done *atomic.Int64
}

func (w working) Hash(ctx context.Context, plain string) (string, error) {
	w.done.Add(1)
	return w.passwords.Hash(ctx, plain)
}

func (w working) Verify(ctx context.Context, phc, plain string) (ok, rehash bool, err error) {
	w.done.Add(1)
	return w.passwords.Verify(ctx, phc, plain)
}

func (w working) Decoy(ctx context.Context, plain string) error {
	w.done.Add(1)
	return w.passwords.Decoy(ctx, plain)
}

// The figures of time are measured by `make bench-uniform`; what can be counted is counted here.
func TestR5KnownAndUnknownAddressesAreAnsweredAlike(t *testing.T) {
	house := newHouse(t)
	var done atomic.Int64
	h := house.beside(func(d *commands.Dependencies) { d.Passwords = working{done: &done} })
	house.verified()
	h.call(http.MethodPost, "/users", `{"email":"bob@example.org","password":"correct horse"}`).want(http.StatusCreated)
	for path, bodies := range map[string]map[string]string{
		"/login": {
			"a wrong password":       `{"email":"ada@example.org","password":"wrong horse"}`,
			"one of nobody verified": `{"email":"bob@example.org","password":"wrong horse"}`,
			"no account":             `{"email":"eve@example.org","password":"wrong horse"}`,
		},
		"/reset-password":      {"known": resetAda, "not verified": `{"email":"bob@example.org"}`, "no account": `{"email":"eve@example.org"}`},
		"/verify-email/resend": {"known": resetAda, "not verified": `{"email":"bob@example.org"}`, "no account": `{"email":"eve@example.org"}`},
	} {
		var first *answer
		var work int64
		for name, body := range bodies {
			before := done.Load()
			got := h.call(http.MethodPost, path, body, "X-Request-Id", "r")
			hashed := done.Load() - before
			if got.header.Get("Etag") != "" || got.header.Get("Consistency-Token") != "" {
				t.Errorf("%s tells by a header: %v", path, got.header)
			}
			if first == nil {
				first, work = &got, hashed
				continue
			}
			alike(t, path+" "+name, *first, got)
			if hashed != work {
				t.Errorf("%s %s: %d hashes, not %d", path, name, hashed, work)
			}
		}
	}
	if len(h.account(h.userID("ada@example.org")).Resets) != 1 {
		t.Error("no reset was requested")
	}
}

// userID is whose address it is.
func (h *house) userID(address string) string {
	h.t.Helper()
	var id string
	err := h.pool.QueryRow(h.t.Context(), `SELECT user_id::text FROM accounts WHERE lower(email) = $1`, address).Scan(&id)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func TestR5ASignUpForATakenAddressIsAnsweredLikeAnyOther(t *testing.T) {
	house := newHouse(t)
	h := house.beside(func(d *commands.Dependencies) { d.Settings.EnumerationSafe = true })
	id := house.verified()
	before := h.account(id)
	const eve = `{"email":"eve@example.org","password":"another horse"}`
	taken := strings.Replace(eve, "eve@", "ADA@", 1)
	free := h.call(http.MethodPost, "/users", eve, "Idempotency-Key", "k1", "X-Request-Id", "r").want(http.StatusCreated)
	fake := h.call(http.MethodPost, "/users", taken, "Idempotency-Key", "k2", "X-Request-Id", "r").want(http.StatusCreated)
	if fake.string("email") != "ADA@example.org" || fake.string("status") != free.string("status") || fake.string("id") == id {
		t.Errorf("taken %s, free %s", fake.text, free.text)
	}
	if fake.header.Get("Etag") != free.header.Get("Etag") || fake.header.Get("Location") != "/users/"+fake.string("id") ||
		len(fake.header) != len(free.header) || fake.header.Get("Consistency-Token") == "" {
		t.Errorf("taken %v, free %v", fake.header, free.header)
	}
	alike(t, "repeated", fake, h.call(http.MethodPost, "/users", taken, "Idempotency-Key", "k2", "X-Request-Id", "r"))
	h.call(http.MethodPost, "/users", strings.Replace(taken, "another", "other", 1), "Idempotency-Key", "k2").
		problem(http.StatusUnprocessableEntity, "request.idempotency-key-reused")
	again := h.call(http.MethodPost, "/users", taken).want(http.StatusCreated)
	if again.string("id") == fake.string("id") || again.header.Get("Consistency-Token") == fake.header.Get("Consistency-Token") {
		t.Error("two sign-ups can be seen to be one")
	}

	after := h.account(id)
	if after.NoticedAt.IsZero() || after.Status != before.Status || after.PasswordHash != before.PasswordHash || after.SessionEpoch != before.SessionEpoch {
		t.Errorf("the owner's account is %+v, was %+v", after, before)
	}
	h.login() // with the password it had
	// Nor does a login tell: the password of the sign-up opens neither.
	alike(t, "login",
		h.call(http.MethodPost, "/login", eve, "X-Request-Id", "r").problem(http.StatusUnauthorized, "account.invalid-credentials"),
		h.call(http.MethodPost, "/login", taken, "X-Request-Id", "r"))
	// Without the setting it is said.
	house.call(http.MethodPost, "/users", taken).problem(http.StatusConflict, "account.user-already-exists")
}

func TestR7AResetTokenWorksOnceAndEndsEverySession(t *testing.T) {
	h := newHouse(t)
	id := h.verified()
	sessions := []string{h.login(), h.login()}
	first := h.resetToken(id)
	h.pass(2 * time.Minute)
	second := h.resetToken(id)
	// A password that may not be chosen leaves the token as it is.
	h.call(http.MethodPost, "/reset-password/confirm", reset(first, "short")).field("new_password")
	done := h.call(http.MethodPost, "/reset-password/confirm", reset(first, newPassword), "Idempotency-Key", "k").want(http.StatusNoContent)
	if done.text != "" || done.header.Get("Consistency-Token") == "" || done.header.Get("Etag") == "" {
		t.Errorf("answer %q %v", done.text, done.header)
	}
	h.call(http.MethodPost, "/reset-password/confirm", reset(first, newPassword), "Idempotency-Key", "k").want(http.StatusNoContent)
	for name, token := range map[string]string{"the token itself": first, "the other one that was out": second} {
		got := h.call(http.MethodPost, "/reset-password/confirm", reset(token, "a third password"))
		if got.status != http.StatusBadRequest || got.json("type") != "/problems/account.token-used" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	for _, bearer := range sessions {
		h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).problem(http.StatusUnauthorized, "request.unauthenticated")
	}
	h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"correct horse"}`).problem(http.StatusUnauthorized, "account.invalid-credentials")
	h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"`+newPassword+`"}`).want(http.StatusOK)
}

func TestR7AResetTokenRunsOutAndOpensNothingElse(t *testing.T) {
	h := newHouse(t)
	id := h.call(http.MethodPost, "/users", ada).want(http.StatusCreated).string("id")
	token := h.resetToken(id)
	// A token has one purpose, one account and one spelling.
	h.call(http.MethodPost, "/verify-email", `{"token":"`+token+`"}`).problem(http.StatusBadRequest, "account.token-invalid")
	h.call(http.MethodPost, "/reset-password/confirm", reset(h.mailed(id), newPassword)).problem(http.StatusBadRequest, "account.token-invalid")
	state := h.account(id)
	other := h.tokens.Issue(amhttp.ResetPasswordToken, domain.ID{1}, state.Resets[0].ID)
	h.call(http.MethodPost, "/reset-password/confirm", reset(other, newPassword)).problem(http.StatusBadRequest, "account.token-invalid")
	// Whoever was not verified stays so, with another password.
	h.call(http.MethodPost, "/reset-password/confirm", reset(token, newPassword)).want(http.StatusNoContent)
	h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"`+newPassword+`"}`).problem(http.StatusForbidden, "account.email-not-verified")
	h.pass(2 * time.Minute)
	late := h.resetToken(id)
	h.pass(time.Hour)
	h.call(http.MethodPost, "/reset-password/confirm", reset(late, newPassword)).problem(http.StatusBadRequest, "account.token-expired")
}

func TestR9OfManyConfirmationsOfOneTokenOneSucceeds(t *testing.T) {
	h := newHouse(t)
	token := h.resetToken(h.verified())
	var done, refused atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			switch got := h.call(http.MethodPost, "/reset-password/confirm", reset(token, newPassword)); {
			case got.status == http.StatusNoContent:
				done.Add(1)
			case got.status == http.StatusBadRequest && got.json("type") == "/problems/account.token-used":
				refused.Add(1)
			default:
				t.Errorf("%d %s", got.status, got.text)
			}
		})
	}
	group.Wait()
	if done.Load() != 1 || refused.Load() != 15 {
		t.Errorf("%d succeeded, %d were refused", done.Load(), refused.Load())
	}
}

func TestR9TokensAreExactAndTakenByPostOnly(t *testing.T) {
	h := newHouse(t)
	token := h.resetToken(h.verified())
	for name, text := range map[string]string{
		"none": "", "a beginning": token[:len(token)-1], "more": token + "A", "a line break": token + `\n`, "padding": token + "==",
		"a blank": " " + token, "another spelling": strings.ToLower(token), "another last letter": token[:len(token)-1] + string(token[len(token)-1]^1),
	} {
		if got := h.call(http.MethodPost, "/reset-password/confirm", reset(text, newPassword)); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	h.call(http.MethodPost, "/reset-password/confirm", "{}").problem(http.StatusBadRequest, "account.token-invalid")
	h.call(http.MethodPost, "/reset-password/confirm?token="+token, `{"new_password":"`+newPassword+`"}`).field("token")
	h.call(http.MethodPost, "/reset-password/confirm", `{"new_password":"`+newPassword+`"}`).problem(http.StatusBadRequest, "account.token-invalid")
	events := len(h.log.Log())
	page := h.call(http.MethodGet, "/reset-password?token="+token+`%22%3E%3Cscript%3E`, "", "X-Forwarded-Host", "evil.example").want(http.StatusOK)
	if len(h.log.Log()) != events {
		t.Error("opening the page changed something")
	}
	policy := page.header.Get("Content-Security-Policy")
	_, rest, _ := strings.Cut(policy, "script-src 'nonce-")
	nonce, _, _ := strings.Cut(rest, "'")
	if len(nonce) < 20 || !strings.Contains(page.text, `<script nonce="`+nonce+`">`) || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q does not allow the page's script", policy)
	}
	for _, foreign := range []string{token, "<script>", "evil.example", "://", "src="} {
		if strings.Contains(page.text, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	h.call(http.MethodPost, "/reset-password/confirm", reset(token, newPassword)).want(http.StatusNoContent)
}

func TestAPasswordIsChangedByTheCurrentOne(t *testing.T) {
	h := newHouse(t)
	h.verified()
	mine, other := h.login(), h.login()
	change := func(current, next string) string {
		return `{"current_password":"` + current + `","new_password":"` + next + `"}`
	}
	h.call(http.MethodPost, "/users/me/password", change("correct horse", newPassword)).problem(http.StatusUnauthorized, "request.unauthenticated")
	h.call(http.MethodPost, "/users/me/password", change("wrong horse", newPassword), "Authorization", mine).
		problem(http.StatusUnauthorized, "account.invalid-credentials")
	h.call(http.MethodPost, "/users/me/password", change("correct horse", "short"), "Authorization", mine).field("new_password")
	h.call(http.MethodPost, "/users/me/password", change("correct horse", newPassword), "Authorization", mine, "If-Match", `"1"`).
		problem(http.StatusPreconditionFailed, "request.precondition-failed")
	done := h.call(http.MethodPost, "/users/me/password", change("correct horse", newPassword), "Authorization", mine, "Idempotency-Key", "k").want(http.StatusNoContent)
	again := h.call(http.MethodPost, "/users/me/password", change("correct horse", newPassword), "Authorization", mine, "Idempotency-Key", "k").want(http.StatusNoContent)
	if done.header.Get("Etag") != `"3"` || again.header.Get("Etag") != done.header.Get("Etag") {
		t.Errorf("headers %v, then %v", done.header, again.header)
	}
	h.call(http.MethodGet, "/users/me", "", "Authorization", mine).want(http.StatusOK)
	h.call(http.MethodGet, "/users/me", "", "Authorization", other).problem(http.StatusUnauthorized, "request.unauthenticated")
	h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"`+newPassword+`"}`).want(http.StatusOK)
}

// handle is the id of the session by which a list is asked for.
func (h *house) handle(bearer string) string {
	h.t.Helper()
	list := h.call(http.MethodGet, "/sessions", "", "Authorization", bearer).want(http.StatusOK)
	items, _ := list.json("items").([]any)
	for _, item := range items {
		if session, _ := item.(map[string]any); session["current"] == true {
			id, _ := session["id"].(string)
			return id
		}
	}
	h.t.Fatalf("no session is the current one: %s", list.text)
	return ""
}

func TestR11SessionsAreEndedOneByOneOrAllAtOnce(t *testing.T) {
	h := newHouse(t)
	id := h.verified()
	mine, second, third := h.login(), h.login(), h.login()
	admin := h.seeded().admin()
	holds := func(bearer string) bool {
		return h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).status == http.StatusOK
	}
	handle := h.handle(second)
	if strings.Contains(second, handle) {
		t.Error("a handle is part of the secret")
	}
	h.call(http.MethodGet, "/users/me", "", "Authorization", "Bearer "+handle).want(http.StatusUnauthorized)
	h.call(http.MethodDelete, "/sessions/"+handle, "", "Authorization", admin).problem(http.StatusNotFound, "session.not-found")
	h.call(http.MethodDelete, "/sessions/"+uuid.NewString(), "", "Authorization", mine).problem(http.StatusNotFound, "session.not-found")
	h.call(http.MethodDelete, "/sessions/x", "", "Authorization", mine).field("id")
	ended := h.call(http.MethodDelete, "/sessions/"+handle, "", "Authorization", mine).want(http.StatusNoContent)
	if ended.header.Get("Consistency-Token") == "" || holds(second) || !holds(mine) || !holds(third) {
		t.Error("one session, and only that one, was to end")
	}
	h.call(http.MethodDelete, "/sessions/"+handle, "", "Authorization", mine).want(http.StatusNoContent) // ended is ended
	h.call(http.MethodDelete, "/sessions", "", "Authorization", mine).want(http.StatusNoContent)
	if holds(third) || !holds(mine) {
		t.Error("all sessions but this one were to end")
	}
	h.call(http.MethodGet, "/users/"+id+"/sessions", "", "Authorization", mine).problem(http.StatusForbidden, "roles.permission-denied")
	h.call(http.MethodDelete, "/users/"+id+"/sessions", "", "Authorization", mine).problem(http.StatusForbidden, "roles.permission-denied")
	list := h.call(http.MethodGet, "/users/"+id+"/sessions", "", "Authorization", admin).want(http.StatusOK)
	if !strings.Contains(list.text, h.handle(mine)) || strings.Contains(list.text, mine[7:]) {
		t.Errorf("the administrator sees %s", list.text)
	}
	h.call(http.MethodDelete, "/users/"+id+"/sessions", "", "Authorization", admin).want(http.StatusNoContent)
	if holds(mine) || !holds(admin) {
		t.Error("all sessions of that user, and of nobody else, were to end")
	}
	h.call(http.MethodDelete, "/users/"+uuid.NewString()+"/sessions", "", "Authorization", admin).problem(http.StatusNotFound, "account.not-found")
}

func TestR11SessionsAreKeptAsHashesOnly(t *testing.T) {
	h := newHouse(t)
	h.verified()
	bearer := h.login()
	secret := strings.TrimPrefix(bearer, "Bearer ")
	if len(secret) != 43 { // 256 bits
		t.Errorf("the secret has %d characters", len(secret))
	}
	h.project()
	for _, event := range h.log.Log() {
		if strings.Contains(string(event.Data), secret) || strings.Contains(string(event.Metadata), secret) {
			t.Errorf("%s has the secret", event.Type)
		}
	}
	if strings.Contains(h.logged.String(), secret) {
		t.Error("the log has the secret")
	}
	h.call(http.MethodGet, "/users/me?session_id="+secret, "", "Cookie", "session_id="+secret).problem(http.StatusUnauthorized, "request.unauthenticated")
	h.pass(24*time.Hour - time.Minute) // used all the time it would last this long and no longer
	h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).problem(http.StatusUnauthorized, "request.unauthenticated")
}

// What ends sessions holds on every instance when it is answered. Nothing is projected here: the projector is held up.
func TestR11WhatEndsSessionsHoldsOnEveryInstanceAtOnce(t *testing.T) {
	const current = `{"current_password":"correct horse","new_password":"` + newPassword + `"}`
	for name, end := range map[string]func(h *house, id, mine string){
		"a password change": func(h *house, _, mine string) {
			h.call(http.MethodPost, "/users/me/password", current, "Authorization", mine).want(http.StatusNoContent)
		},
		"a reset": func(h *house, id, _ string) {
			h.call(http.MethodPost, "/reset-password/confirm", reset(h.resetToken(id), newPassword)).want(http.StatusNoContent)
		},
		"the end of all others": func(h *house, _, mine string) {
			h.call(http.MethodDelete, "/sessions", "", "Authorization", mine).want(http.StatusNoContent)
		},
		"an administrator": func(h *house, id, _ string) {
			h.call(http.MethodDelete, "/users/"+id+"/sessions", "", "Authorization", h.seeded().admin()).want(http.StatusNoContent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			second := h.beside()
			id := h.verified()
			mine, old := h.login(), h.login()
			second.call(http.MethodGet, "/users/me", "", "Authorization", old).want(http.StatusOK)
			end(h, id, mine)
			for _, instance := range []*house{h, second} {
				instance.call(http.MethodGet, "/users/me", "", "Authorization", old).problem(http.StatusUnauthorized, "request.unauthenticated")
				instance.call(http.MethodGet, "/profile", "", "Authorization", old).problem(http.StatusUnauthorized, "request.unauthenticated")
			}
		})
	}
}

// slow is a password that takes until it is told to go on.
type slow struct {
	passwords
	proving, goOn chan struct{}
}

func (s slow) Verify(ctx context.Context, phc, plain string) (ok, rehash bool, err error) {
	close(s.proving)
	<-s.goOn
	return s.passwords.Verify(ctx, phc, plain)
}

// A login that proved the old password while it was being changed must not outlive the change.
func TestR11ALoginThatMeetsAPasswordChangeHasNoSession(t *testing.T) {
	h := newHouse(t)
	id := h.verified()
	meanwhile := slow{proving: make(chan struct{}), goOn: make(chan struct{})}
	second := h.beside(func(d *commands.Dependencies) { d.Passwords = meanwhile })
	answered := make(chan answer, 1)
	go func() {
		answered <- second.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"correct horse"}`)
	}()
	<-meanwhile.proving // the account is read, the password is the right one
	h.call(http.MethodPost, "/reset-password/confirm", reset(h.resetToken(id), newPassword)).want(http.StatusNoContent)
	close(meanwhile.goOn)
	got := <-answered
	if got.status != http.StatusOK {
		return // refused is as good
	}
	for _, instance := range []*house{h, second} {
		instance.call(http.MethodGet, "/users/me", "", "Authorization", "Bearer "+got.string("session_id")).
			problem(http.StatusUnauthorized, "request.unauthenticated")
	}
}

func TestR11AReactivationRevivesNoSession(t *testing.T) {
	h := newHouse(t)
	id := h.verified()
	old := h.login()
	state := h.account(id)
	h.carryOut(account.Deactivate{UserID: state.UserID, Now: h.now()})
	h.call(http.MethodGet, "/users/me", "", "Authorization", old).want(http.StatusUnauthorized)
	h.carryOut(account.Reactivate{UserID: state.UserID, Now: h.now()})
	h.call(http.MethodGet, "/users/me", "", "Authorization", old).problem(http.StatusUnauthorized, "request.unauthenticated")
	h.call(http.MethodGet, "/users/me", "", "Authorization", h.login()).want(http.StatusOK)
}

// carryOut does a command on an account, and makes it effective as every command is.
func (h *house) carryOut(c domain.Command[account.State, account.Event]) {
	h.t.Helper()
	history, err := h.log.Load(h.t.Context(), c.Stream(), 0)
	if err != nil {
		h.t.Fatal(err)
	}
	var state account.State
	for _, envelope := range history {
		event, _ := envelope.Event.(account.Event)
		state = state.Evolve(event)
	}
	events, err := c.Decide(state)
	if err != nil {
		h.t.Fatal(err)
	}
	var drafts []eventstore.Draft
	for _, event := range events {
		drafts = append(drafts, eventstore.Draft{ID: uuid.New(), Event: event})
	}
	expected := eventstore.Expected(history[len(history)-1].Revision)
	_, appended, err := h.log.Append(h.t.Context(), c.Stream(), expected, drafts)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.wired.Inline.ApplyInline(h.t.Context(), c.Stream(), appended, nil); err != nil {
		h.t.Fatal(err)
	}
}
