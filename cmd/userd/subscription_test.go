package main_test

import (
	"fmt"
	"testing"
	"time"
)

// The clock of the process is moved, and its own timer records what became due: nobody else writes.
func TestTheTimerFollowsTheClock(t *testing.T) {
	w := newWorld(t)
	p := w.start()
	ada := w.signUp(p, "ada@example.org")
	eventually(t, "every step of the onboarding is done", func() bool { return p.onboarded(t, ada) })
	login := func() user {
		ada.session = p.must(t, 200, "POST", "/login", fmt.Sprintf(`{"email":%q,"password":%q}`, ada.email, password)).get("session_id")
		return ada
	}
	pass := func(d time.Duration) { p.must(t, 200, "POST", "/dev/clock", fmt.Sprintf(`{"advance":%q}`, d)) }
	recorded := func(etag string) (got answer) {
		t.Helper()
		eventually(t, "the subscription is at "+etag, func() bool {
			got = p.must(t, 200, "GET", "/subscription", "", ada.auth()...)
			return got.header.Get("ETag") == etag
		})
		return got
	}

	trial := recorded(`"0"`)
	pass(15 * 24 * time.Hour)
	login()
	if got := recorded(`"1"`); got.get("status") != "EXPIRED" || got.get("expires_at") != trial.get("trial_ends_at") {
		t.Errorf("after the trial: %s, during it: %s", got.body, trial.body)
	}

	begun := p.must(t, 200, "POST", "/subscription/upgrade", `{"plan_id":"pro"}`, ada.auth()...)
	pass(95 * 24 * time.Hour) // three months are at least 89 days, and four at least 120
	login()
	got := recorded(`"5"`)
	first, err := time.Parse(time.RFC3339, begun.get("expires_at"))
	if err != nil {
		t.Fatal(err)
	}
	end, err := time.Parse(time.RFC3339, got.get("expires_at"))
	if err != nil {
		t.Fatal(err)
	}
	if got.get("status") != "ACTIVE" || end.Sub(first) < 89*24*time.Hour || end.Sub(first) > 92*24*time.Hour {
		t.Errorf("after three renewals: %s, at first: %s", got.body, begun.body)
	}

	p.must(t, 200, "POST", "/subscription/cancel", "", ada.auth()...)
	pass(32 * 24 * time.Hour)
	login()
	if got := recorded(`"7"`); got.get("status") != "CANCELLED" || got.get("expires_at") != end.Format(time.RFC3339Nano) {
		t.Errorf("after the last period: %s", got.body)
	}
}

func TestNobodyMovesTheClockOfAService(t *testing.T) {
	w := newWorld(t, "ENABLE_SUBSCRIPTION=false")
	node, err := w.launch("node", "--listen", "127.0.0.1:0", "--data", w.dir+"/node")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.kill)
	w.env = append(w.env, "EVENTSTORE_URL=esdb://"+node.ready["eventstore"]+"?tls=false",
		"PUBLIC_URL=http://localhost:8080", "MAIL_FROM=no-reply@example.org")
	p, err := w.launch("serve")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	p.must(t, 404, "GET", "/dev/clock", "")
	p.must(t, 404, "POST", "/dev/clock", `{"advance":"36h"}`)
	ada := w.signUp(p, "ada@example.org")
	p.must(t, 404, "GET", "/subscription", "", ada.auth()...)
	p.must(t, 404, "GET", "/plans", "")
}
