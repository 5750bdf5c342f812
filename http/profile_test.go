package http_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestProfileIsPatched(t *testing.T) {
	h := newHouse(t)
	h.verified()
	bearer := h.login()
	h.call(http.MethodGet, "/profile", "", "Authorization", bearer).problem(http.StatusNotFound, "profile.not-found")
	h.call(http.MethodPatch, "/profile", `{"bio":"x"}`, "Authorization", bearer).problem(http.StatusServiceUnavailable, "onboarding.pending")
	h.project() // the saga came by, and made none
	h.call(http.MethodPatch, "/profile", `{"bio":"x"}`, "Authorization", bearer).problem(http.StatusNotFound, "profile.not-found")

	h = newHouse(t)
	bearer = h.loggedIn()
	h.project()
	before := h.call(http.MethodGet, "/profile", "", "Authorization", bearer).want(http.StatusOK)
	if before.string("first_name") != "Ada" || before.json("bio") != nil || before.header.Get("Etag") != `"0"` || !strings.Contains(before.text, `"metadata":{}`) {
		t.Errorf("before: %s", before.text)
	}
	after := h.call(http.MethodPatch, "/profile", `{"first_name":null,"timezone":null,"bio":"Countess","metadata":{"b":{"c":1.50},"a":null}}`,
		"Authorization", bearer, "If-Match", before.header.Get("Etag")).want(http.StatusOK)
	if after.json("first_name") != nil || after.string("bio") != "Countess" || after.header.Get("Etag") != `"1"` || !strings.Contains(after.text, `"metadata":{"b":{"c":1.50}}`) {
		t.Errorf("after: %s", after.text)
	}
	h.project()
	if read := h.call(http.MethodGet, "/profile", "", "Authorization", bearer).want(http.StatusOK); read.text != after.text {
		t.Errorf("read %s, wrote %s", read.text, after.text)
	}
	h.call(http.MethodPatch, "/profile", `{"bio":"stale"}`, "Authorization", bearer, "If-Match", `"0"`).problem(http.StatusPreconditionFailed, "request.precondition-failed")
	h.call(http.MethodPatch, "/profile", `{"bio":"weak"}`, "Authorization", bearer, "If-Match", `W/"1"`).field("If-Match")
	h.call(http.MethodPatch, "/profile", `{"bio":7}`, "Authorization", bearer).field("bio")
	h.call(http.MethodPatch, "/profile", `{"metadata":[]}`, "Authorization", bearer).field("metadata")
	h.call(http.MethodPatch, "/profile", `{"user_id":"x"}`, "Authorization", bearer).field("user_id")
	h.call(http.MethodPatch, "/profile", `{"bio":"x"}`).problem(http.StatusUnauthorized, "request.unauthenticated")
	cleared := h.call(http.MethodPatch, "/profile", `{"metadata":null}`, "Authorization", bearer, "If-Match", "*").want(http.StatusOK)
	if !strings.Contains(cleared.text, `"metadata":{}`) || cleared.string("bio") != "Countess" {
		t.Errorf("cleared: %s", cleared.text)
	}
}

func TestReadsWithATokenNeverMissTheWrite(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	h.project()
	wrote := h.call(http.MethodPatch, "/profile", `{"bio":"new"}`, "Authorization", bearer).want(http.StatusOK)
	consistency := wrote.header.Get("Consistency-Token")

	if stale := h.call(http.MethodGet, "/profile", "", "Authorization", bearer).want(http.StatusOK); stale.json("bio") != nil {
		t.Fatal("the table is ahead of the test")
	}
	fresh := h.call(http.MethodGet, "/profile", "", "Authorization", bearer, "Consistency-Token", consistency).want(http.StatusOK)
	if fresh.text != wrote.text || fresh.header.Get("Etag") != wrote.header.Get("Etag") {
		t.Errorf("read %s, wrote %s", fresh.text, wrote.text)
	}
	if len(h.view.waits) != 0 {
		t.Error("a single entity was waited for")
	}

	h.call(http.MethodGet, "/sessions", "", "Authorization", bearer, "Consistency-Token", consistency, "Prefer", "wait=1").
		problem(http.StatusServiceUnavailable, "projection.behind")
	behind := h.call(http.MethodGet, "/sessions", "", "Authorization", bearer, "Consistency-Token", consistency).
		problem(http.StatusServiceUnavailable, "projection.behind")
	if behind.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", behind.header)
	}
	h.call(http.MethodGet, "/sessions", "", "Authorization", bearer, "Consistency-Token", consistency, "Prefer", "wait=99").want(http.StatusServiceUnavailable)
	for i, most := range []time.Duration{time.Second, 2 * time.Second, 10 * time.Second} {
		if got := h.view.waits[i]; got > most || got < most-time.Second {
			t.Errorf("wait %d was allowed %v, want %v", i, got, most)
		}
	}
	h.project()
	list := h.call(http.MethodGet, "/sessions", "", "Authorization", bearer, "Consistency-Token", consistency, "Prefer", "wait=99").want(http.StatusOK)
	if list.header.Get("Projection-Position") != consistency || list.header.Get("Preference-Applied") != "wait=10" {
		t.Errorf("headers %v, token %s", list.header, consistency)
	}
	h.call(http.MethodGet, "/profile", "", "Authorization", bearer, "Consistency-Token", "junk").field("Consistency-Token")
}

func TestSessionsAreListedInPages(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	for range 4 {
		h.pass(time.Second)
		h.login("User-Agent", "a browser\t\x7f", "X-Forwarded-For", "198.51.100.1")
	}
	seen, cursor, pages := map[string]bool{}, "", 0
	for more := true; more; pages++ {
		list := h.call(http.MethodGet, "/sessions?limit=2"+cursor, "", "Authorization", bearer).want(http.StatusOK)
		items, _ := list.json("items").([]any)
		for _, item := range items {
			session, _ := item.(map[string]any)
			id, _ := session["id"].(string)
			if seen[id] {
				t.Errorf("%s is listed twice", id)
			}
			seen[id] = true
			if strings.Contains(list.text, bearer[7:]) {
				t.Error("the list shows the secret")
			}
			if current := session["created_at"] == "2026-11-23T12:00:00Z"; session["current"] != current {
				t.Errorf("current is wrong in %v", session)
			}
			if session["ip"] != "192.0.2.1" { // httptest's
				t.Errorf("ip is not the socket's: %v", session)
			}
		}
		next, ok := list.json("next_cursor").(string)
		cursor, more = "&cursor="+next, ok
	}
	if len(seen) != 5 || pages != 3 {
		t.Errorf("%d sessions on %d pages, want 5 on 3", len(seen), pages)
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=201": "limit", "limit=x": "limit", "limit=": "limit", "cursor=junk": "cursor", "cursor=": "cursor",
	} {
		h.call(http.MethodGet, "/sessions?"+query, "", "Authorization", bearer).field(field)
	}
}

func TestSubscriptionAndPlansAreRead(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	folded := h.call(http.MethodGet, "/subscription", "", "Authorization", bearer).want(http.StatusOK)
	if folded.string("status") != "ACTIVE" || folded.json("trial") != true || folded.string("plan_id") != "pro" {
		t.Errorf("folded %s", folded.text)
	}
	h.project()
	if read := h.call(http.MethodGet, "/subscription", "", "Authorization", bearer).want(http.StatusOK); read.text != folded.text {
		t.Errorf("read %s, folded %s", read.text, folded.text)
	}
	if plans := h.call(http.MethodGet, "/plans", "").want(http.StatusOK); plans.text != `{"items":[],"next_cursor":null}` {
		t.Errorf("plans %s", plans.text)
	}
}

func TestAccountIsFoldedAlikeRead(t *testing.T) {
	h := newHouse(t)
	bearer := h.loggedIn()
	read := h.call(http.MethodGet, "/users/me", "", "Authorization", bearer).want(http.StatusOK)
	ahead := h.call(http.MethodPost, "/login", `{"email":"ada@example.org","password":"correct horse"}`).want(http.StatusOK).header.Get("Consistency-Token")
	folded := h.call(http.MethodGet, "/users/me", "", "Authorization", bearer, "Consistency-Token", ahead).want(http.StatusOK)
	if read.text != folded.text || read.header.Get("Etag") != folded.header.Get("Etag") {
		t.Errorf("read %s, folded %s", read.text, folded.text)
	}
}
