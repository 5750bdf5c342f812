package http_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/commands/sagas"
	"am-user-management/domain"
	"am-user-management/domain/plan"
	"am-user-management/domain/roles"
	amhttp "am-user-management/http"
	"am-user-management/internal/clock"
	"am-user-management/readmodel"
)

// due finds due subscriptions as the program does.
type due struct{ *readmodel.Reader }

func (d due) DueSubscriptions(ctx context.Context, now time.Time, after sagas.DueSubscription, limit int) ([]sagas.DueSubscription, error) {
	found, err := d.Reader.DueSubscriptions(ctx, now, readmodel.DueSubscription{UserID: uuid.UUID(after.User), DueAt: after.DueAt}, limit)
	all := make([]sagas.DueSubscription, len(found))
	for i, one := range found {
		all[i] = sagas.DueSubscription{User: domain.ID(one.UserID), Revision: one.Revision, DueAt: one.DueAt}
	}
	return all, err
}

// tick is the timer coming by.
func (h *house) tick() {
	h.t.Helper()
	h.project()
	timer := sagas.NewTimer(h.commands, due{readmodel.New(h.pool)}, h.now)
	if _, err := timer.SettleSubscriptions(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.project()
}

// subscriber is a house with plans and ada, who is on trial.
func subscriber(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	if err := h.commands.Seed(t.Context(), roles.BuiltIn(nil), plan.BuiltIn("USD")); err != nil {
		t.Fatal(err)
	}
	h.onboarded(h.verified())
	return h
}

// own calls a route about ada's subscription, in a session that is new: the old one may be over.
func (h *house) own(method, path, body string, headers ...string) answer {
	h.t.Helper()
	return h.call(method, "/subscription"+path, body, append(headers, "Authorization", h.login())...)
}

// shows fails the test unless the body has these members, name and value by turns; nil is absent.
func (a answer) shows(members ...any) answer {
	a.t.Helper()
	a.want(http.StatusOK)
	for i := 0; i < len(members); i += 2 {
		if got := a.json(members[i].(string)); got != members[i+1] {
			a.t.Errorf("%s is %v, want %v: %s", members[i], got, members[i+1], a.text)
		}
	}
	return a
}

// until moves the clock.
func (h *house) until(year int, month time.Month, day int) {
	h.t.Helper()
	h.pass(time.Date(year, month, day, 12, 0, 0, 0, time.UTC).Sub(h.now()))
}

// TestAWholeLife goes from the sign-up to the end, on 23 November at noon to begin with.
func TestAWholeLife(t *testing.T) {
	h := subscriber(t)
	h.own("GET", "", "").shows("status", "ACTIVE", "trial", true, "plan_id", "pro", "trial_ends_at", "2026-12-07T12:00:00Z", "price", nil)
	h.own("POST", "/trial", "").shows("trial", true, "expires_at", "2026-12-07T12:00:00Z")
	h.own("POST", "/downgrade", `{"plan_id":"basic"}`).problem(http.StatusConflict, "subscription.in-trial")
	h.own("POST", "/cancel", "").shows("status", "ACTIVE", "cancel_at_period_end", true)
	h.own("POST", "/resume", "").shows("cancel_at_period_end", false, "expires_at", "2026-12-07T12:00:00Z")

	h.until(2026, 11, 30)
	h.own("POST", "/upgrade", `{"plan_id":"pro"}`).shows("status", "ACTIVE", "trial", false, "trial_ends_at", nil, "plan_id", "pro",
		"price", 1900.0, "currency", "USD", "interval", "month", "auto_renew", true, "expires_at", "2026-12-30T12:00:00Z")
	h.own("POST", "/trial", "").problem(http.StatusConflict, "subscription.trial-used")
	h.own("POST", "/upgrade", `{"plan_id":"basic"}`).problem(http.StatusConflict, "subscription.not-an-upgrade")
	h.own("POST", "/upgrade", `{"plan_id":"gold"}`).problem(http.StatusNotFound, "plan.not-found")

	h.until(2027, 3, 15) // three renewals; the timer comes late
	h.project()
	late := h.own("GET", "", "").shows("status", "ACTIVE", "expires_at", "2027-03-30T12:00:00Z")
	h.tick()
	if h.own("GET", "", "").text != late.text {
		t.Error("the timer changed what was shown")
	}

	h.own("POST", "/downgrade", `{"plan_id":"enterprise"}`).problem(http.StatusConflict, "subscription.not-a-downgrade")
	h.own("POST", "/downgrade", `{"plan_id":"basic"}`).shows("plan_id", "pro", "next_plan_id", "basic", "expires_at", "2027-03-30T12:00:00Z")
	h.until(2027, 3, 30)
	h.tick()
	h.own("GET", "", "").shows("status", "ACTIVE", "plan_id", "basic", "next_plan_id", nil, "price", 0.0, "expires_at", "2027-04-30T12:00:00Z")

	h.own("POST", "/cancel", `{"immediately":false}`).shows("status", "ACTIVE", "cancel_at_period_end", true)
	h.until(2027, 4, 30)
	h.own("GET", "", "").shows("status", "CANCELLED", "cancel_at_period_end", false, "expires_at", "2027-04-30T12:00:00Z")
	h.own("POST", "/resume", "").problem(http.StatusConflict, "subscription.over")

	h.own("POST", "/upgrade", `{"plan_id":"enterprise","auto_renew":false}`).shows("status", "ACTIVE", "auto_renew", false, "expires_at", "2027-05-30T12:00:00Z")
	h.own("PATCH", "", `{"auto_renew":true}`).shows("auto_renew", true)
	h.own("PATCH", "", `{"auto_renew":false}`).shows("auto_renew", false)
	h.until(2028, 1, 1)
	h.tick()
	h.own("GET", "", "").shows("status", "EXPIRED", "expires_at", "2027-05-30T12:00:00Z", "plan_id", "enterprise")
	h.own("POST", "/cancel", `{"immediately":true}`).problem(http.StatusConflict, "subscription.over")
	h.own("POST", "/trial", "").problem(http.StatusConflict, "subscription.trial-used")

	h.own("POST", "/upgrade", `{"plan_id":"basic"}`).shows("status", "ACTIVE")
	h.own("POST", "/cancel", `{"immediately":true}`).shows("status", "CANCELLED", "expires_at", "2028-01-01T12:00:00Z")
}

func TestATrialThatNobodyPaysForExpires(t *testing.T) {
	h := subscriber(t)
	h.until(2026, 12, 20)
	late := h.own("GET", "", "").shows("status", "EXPIRED", "trial", true, "expires_at", "2026-12-07T12:00:00Z")
	h.tick()
	if read := h.own("GET", "", ""); read.text != late.text || read.header.Get("Etag") != `"1"` {
		t.Errorf("read %s, before the timer %s", read.text, late.text)
	}
}

func TestChangesOfASubscriptionAreRequestsLikeAnyOther(t *testing.T) {
	h := subscriber(t)
	h.own("POST", "/upgrade", `{"plan_id":"pro"}`, "If-Match", `"7"`).problem(http.StatusPreconditionFailed, "request.precondition-failed")
	first := h.own("POST", "/upgrade", `{"plan_id":"pro"}`, "If-Match", `"0"`, "Idempotency-Key", "k").want(http.StatusOK)
	again := h.own("POST", "/upgrade", `{"plan_id":"pro"}`, "Idempotency-Key", "k").want(http.StatusOK)
	if first.text != again.text || first.header.Get("Etag") != `"1"` || first.header.Get("Consistency-Token") == "" {
		t.Errorf("first %s at %s, again %s", first.text, first.header.Get("Etag"), again.text)
	}
	h.own("GET", "", "", "Consistency-Token", first.header.Get("Consistency-Token")).shows("trial", false)
	h.own("POST", "/upgrade", `{}`).field("plan_id")
	h.own("POST", "/downgrade", `{}`).field("plan_id")
	h.own("POST", "/cancel", `{"immediately":"yes"}`).field("immediately")
	h.own("PATCH", "", `{}`).field("auto_renew")
	h.call("POST", "/subscription/cancel", "").problem(http.StatusUnauthorized, "request.unauthenticated")
}

func TestWhoeverHadTheirTrialHasNoSubscription(t *testing.T) {
	h := newHouse(t)
	h.verified() // no saga came by
	h.own("GET", "", "").problem(http.StatusNotFound, "subscription.not-found")
	h.own("POST", "/resume", "").problem(http.StatusServiceUnavailable, "onboarding.pending")
	h.project() // one did, and made none
	h.own("POST", "/resume", "").problem(http.StatusNotFound, "subscription.not-found")
	h.own("POST", "/trial", "").shows("trial", true)
}

func TestPlansAreDefinedByWhoMay(t *testing.T) {
	h := subscriber(t)
	const team = `{"name":"Team","price":1250,"interval":"year","features":["Ten users"],"rank":25}`
	put := func(path, body string, headers ...string) answer {
		t.Helper()
		return h.call(http.MethodPut, path, body, append(headers, "Authorization", h.login())...)
	}
	put("/plans/team", team).problem(http.StatusForbidden, "roles.permission-denied")
	user, err := domain.ParseID(h.call(http.MethodGet, "/users/me", "", "Authorization", h.login()).string("id"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.commands.AssignRole(t.Context(), commands.Request{CommandID: uuid.New()}, user, roles.Admin); err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"team","name":"Team","price":1250,"currency":"USD","interval":"year","features":["Ten users"],"rank":25}`
	defined := put("/plans/team", team, "If-Match", "*").want(http.StatusOK)
	if defined.text != want || defined.header.Get("Etag") != `"0"` {
		t.Errorf("defined %s at %s", defined.text, defined.header.Get("Etag"))
	}
	put("/plans/team", team, "If-Match", `"3"`).problem(http.StatusPreconditionFailed, "request.precondition-failed")
	put("/plans/Team", team).field("id")
	put("/plans/team", `{"name":"","price":-1,"interval":"day"}`).field("price")
	h.project()
	if plans := h.call(http.MethodGet, "/plans", "").want(http.StatusOK); !strings.Contains(plans.text, want) {
		t.Errorf("plans %s", plans.text)
	}
	h.own("POST", "/upgrade", `{"plan_id":"team"}`).shows("price", 1250.0, "expires_at", "2027-11-23T12:00:00Z")
}

func TestTheClockIsMovedWhereItMayBe(t *testing.T) {
	newHouse(t).call(http.MethodGet, "/dev/clock", "").want(http.StatusNotFound)
	var c *clock.Clock
	h := newHouse(t, func(d *amhttp.Deps) {
		c = clock.New(d.Clock)
		d.Clock, d.DevClock = c.Now, c
	})
	h.call(http.MethodGet, "/dev/clock", "").shows("now", "2026-11-23T12:00:00Z", "offset", "0s")
	h.call(http.MethodPost, "/dev/clock", `{"advance":"36h"}`).shows("now", "2026-11-25T00:00:00Z", "offset", "36h0m0s")
	h.call(http.MethodPost, "/dev/clock", `{"advance":"soon"}`).field("advance")
	h.call(http.MethodPost, "/dev/clock", `{"advance":"2000000h"}`).field("advance")
	if c.Offset() != 36*time.Hour {
		t.Errorf("the offset is %v", c.Offset())
	}
}

func TestASwitchedOffModuleHasNoSubscriptions(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) { d.Modules = []amhttp.Module{amhttp.Account} })
	h.verified()
	bearer := h.login()
	for _, route := range []string{
		"GET /subscription", "PATCH /subscription", "POST /subscription/trial", "POST /subscription/upgrade",
		"POST /subscription/downgrade", "POST /subscription/cancel", "POST /subscription/resume", "GET /plans", "PUT /plans/pro",
	} {
		method, path, _ := strings.Cut(route, " ")
		h.call(method, path, "", "Authorization", bearer).problem(http.StatusNotFound, "request.not-found")
	}
}
