package main_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestEachModuleCanBeSwitchedOff starts the service with one module off after the other: its routes are gone, its step
// is neither done nor waited for, and the rest works.
func TestEachModuleCanBeSwitchedOff(t *testing.T) {
	const accounts, profiles, subscriptions, permissions, mails = "ENABLE_ACCOUNT_MANAGEMENT", "ENABLE_USER_PROFILE", "ENABLE_SUBSCRIPTION", "ENABLE_PERMISSIONS_ROLES", "ENABLE_EMAIL_SERVICE"
	for flag, c := range map[string]struct {
		gone   []string // routes of the public listener
		hidden []string // routes of the internal one
		step   string
	}{
		accounts: {
			gone:   []string{"POST /users", "POST /login", "GET /users/me", "GET /sessions"},
			hidden: []string{"GET /internal/v1/users/" + someID, "POST /internal/v1/sessions/introspect"},
		},
		profiles:      {gone: []string{"GET /profile"}, hidden: []string{"GET /internal/v1/users/" + someID + "/profile"}, step: "profile"},
		subscriptions: {gone: []string{"GET /plans", "GET /subscription"}, step: "trial"},
		permissions: {
			gone:   []string{"GET /roles", "PUT /roles/x", "GET /users/" + someID + "/roles", "POST /permissions/check"},
			hidden: []string{"POST /internal/v1/permissions/check"}, step: "role",
		},
		mails: {step: "mail"},
	} {
		t.Run(flag, func(t *testing.T) {
			w := newWorld(t, flag+"=false", "BOOTSTRAP_ADMIN_EMAIL=root@example.org", "BOOTSTRAP_ADMIN_PASSWORD=a password of the tests")
			p := w.start()
			for _, route := range c.gone {
				method, path, _ := strings.Cut(route, " ")
				p.must(t, http.StatusNotFound, method, path, "")
			}
			for _, route := range c.hidden {
				method, path, _ := strings.Cut(route, " ")
				p.inside(t, http.StatusNotFound, method, path)
			}
			if flag != subscriptions {
				p.must(t, http.StatusOK, http.MethodGet, "/plans", "")
			}
			if flag == accounts {
				p.inside(t, http.StatusNotFound, http.MethodGet, "/internal/v1/users/"+someID+"/profile")
				checkReady(t, p)
				return
			}
			const address = "ada@example.org"
			var u user
			if flag == mails { // nobody can prove an address: accounts are active at once
				p.must(t, http.StatusCreated, http.MethodPost, "/users", `{"email":"`+address+`","password":"correct horse"}`)
				u.session = p.must(t, http.StatusOK, http.MethodPost, "/login", `{"email":"`+address+`","password":"correct horse"}`).get("session_id")
			} else {
				u = w.signUp(p, address)
			}
			eventually(t, "every step of onboarding that is left", func() bool {
				got, err := call(http.MethodGet, p.public+"/users/me/onboarding", "", u.auth()...)
				if err != nil || got.status != http.StatusOK {
					return false // the view is not there yet
				}
				body := string(got.body)
				if strings.Contains(body, `"`+c.step+`"`) {
					t.Fatalf("the step %s is listed: %s", c.step, body)
				}
				return !strings.Contains(body, `"pending"`) && !strings.Contains(body, `"retrying"`)
			})
			for _, record := range w.history(p) {
				if written := record.Event.EventType(); slices.Contains(stepEvents[c.step], written) && record.Meta.Actor.Kind == "saga" {
					t.Errorf("the saga wrote %s", written)
				}
			}
			root := p.must(t, http.StatusOK, http.MethodPost, "/login", `{"email":"root@example.org","password":"a password of the tests"}`).get("session_id")
			auth := []string{"Authorization", "Bearer " + root}
			if flag == subscriptions { // what was given before counts for whatever routes there are
				p.must(t, http.StatusOK, http.MethodGet, "/roles", "", auth...)
			} else {
				p.must(t, http.StatusBadRequest, http.MethodPut, "/plans/x", `{}`, auth...)
				p.must(t, http.StatusForbidden, http.MethodPut, "/plans/x", `{}`, u.auth()...)
			}
			checkReady(t, p)
		})
	}
}

const someID = "6f1f9d3c-0000-4000-8000-000000000000"

// stepEvents are what the steps of onboarding write.
var stepEvents = map[string][]string{
	"trial": {"subscription.trial_started.v1"}, "profile": {"profile.profile_created.v1"}, "role": {"access.role_assigned.v1"},
}

// inside asks the internal listener as a service.
func (p *process) inside(t *testing.T, status int, method, path string) {
	t.Helper()
	got, err := call(method, p.internal+path, "", "Authorization", "Bearer 0123456789abcdef0123")
	if err != nil || got.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s %v", method, path, got.status, status, got.body, err)
	}
}

func checkReady(t *testing.T, p *process) {
	t.Helper()
	p.inside(t, http.StatusOK, http.MethodGet, "/healthz")
	p.inside(t, http.StatusOK, http.MethodGet, "/readyz")
}
