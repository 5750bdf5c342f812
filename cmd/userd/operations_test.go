package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestOperatorsSeeMailsAndViews drives the operators' routes of a whole service, with the settings of a proxy and a web
// application in front of it.
func TestOperatorsSeeMailsAndViews(t *testing.T) {
	const app = "https://app.example.com"
	w := newWorld(t, "BOOTSTRAP_ADMIN_EMAIL=root@example.org", "BOOTSTRAP_ADMIN_PASSWORD="+password,
		"TRUSTED_PROXIES=127.0.0.1/32", "CORS_ALLOWED_ORIGINS="+app)
	p := w.start()
	ada := w.signUp(p, "ada@example.org")
	root := p.logIn(t, "root@example.org", "X-Forwarded-For", "198.51.100.7")

	var mails struct {
		Items []struct {
			ID          int64
			Kind, State string
			UserID      string `json:"user_id"`
		}
	}
	eventually(t, "the mail's job is done", func() bool {
		got := p.must(t, 200, "GET", "/jobs?state=completed", "", root.auth()...)
		if err := json.Unmarshal(got.body, &mails); err != nil {
			t.Fatal(err)
		}
		for i, job := range mails.Items {
			if job.Kind == "send_mail" && job.UserID == ada.id {
				mails.Items = mails.Items[i : i+1]
				return true
			}
		}
		return false
	})
	p.must(t, 409, "POST", fmt.Sprintf("/jobs/%d/retry", mails.Items[0].ID), "", root.auth()...)
	p.must(t, 404, "POST", "/jobs/999999/retry", "", root.auth()...)
	p.must(t, 403, "GET", "/jobs", "", ada.auth()...)

	var views struct {
		Items []struct{ Name, Position string }
	}
	if err := json.Unmarshal(p.must(t, 200, "GET", "/projections", "", root.auth()...).body, &views); err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, view := range views.Items {
		names += view.Name + " "
		if view.Position == "" {
			t.Errorf("%s has no position", view.Name)
		}
	}
	for _, name := range []string{"accounts", "profiles", "sessions", "onboarding"} {
		if !strings.Contains(names, name) {
			t.Errorf("no %s among %s", name, names)
		}
	}
	p.must(t, 409, "POST", "/projections/accounts/retry", "", root.auth()...)
	p.must(t, 404, "POST", "/projections/nothing/retry", "", root.auth()...)

	if sessions := p.must(t, 200, "GET", "/sessions", "", root.auth()...); !strings.Contains(string(sessions.body), "198.51.100.7") {
		t.Errorf("the proxy is not believed: %s", sessions.body)
	}
	read := p.must(t, 200, "GET", "/plans", "", "Origin", app)
	if other := p.must(t, 200, "GET", "/plans", "", "Origin", app+".evil.org"); read.header.Get("Access-Control-Allow-Origin") != app ||
		other.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("origins: %v, %v", read.header, other.header)
	}
	if text := p.must(t, 200, "GET", "/openapi.json", "").body; !strings.Contains(string(text), `"openapi":"3.1.0"`) {
		t.Errorf("contract %.200s", text)
	}
}

// Every view is rebuilt while people sign up and change their profiles. Nothing was wrong, so nothing is repaired.
func TestRebuildingFindsNothingWrongWhileRequestsRun(t *testing.T) {
	w := newWorld(t, "BOOTSTRAP_ADMIN_EMAIL=root@example.org", "BOOTSTRAP_ADMIN_PASSWORD="+password)
	p := w.start()
	root := p.logIn(t, "root@example.org")
	ada := w.signUp(p, "ada@example.org")
	eventually(t, "the profile is there", func() bool { return p.onboarded(t, ada) })
	ctx, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	busy.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			created := p.must(t, 201, "POST", "/admin/users", fmt.Sprintf(`{"email":"n%d@example.org","password":%q,"status":"ACTIVE"}`, i, password), root.auth()...)
			p.must(t, 200, "POST", "/users/"+created.get("id")+"/roles", `{"role":"editor"}`, root.auth()...)
			p.must(t, 200, "PATCH", "/profile", fmt.Sprintf(`{"bio":"change %d"}`, i), ada.auth()...)
		}
	})
	views := func() (all struct {
		Items []struct {
			Name    string
			Rebuild *struct {
				State, Error string
				Repaired     int `json:"repaired_rows"`
				Removed      int `json:"removed_rows"`
			}
		}
	},
	) {
		if err := json.Unmarshal(p.must(t, 200, "GET", "/projections", "", root.auth()...).body, &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	rebuilt := 0
	for _, view := range views().Items {
		if strings.HasPrefix(view.Name, "saga-") {
			p.must(t, 409, "POST", "/projections/"+view.Name+"/rebuild", "", root.auth()...)
			continue
		}
		p.must(t, 202, "POST", "/projections/"+view.Name+"/rebuild", "", root.auth()...)
		rebuilt++
	}
	eventually(t, "all rebuilds have ended", func() bool {
		over := 0
		for _, view := range views().Items {
			if view.Rebuild != nil && view.Rebuild.State != "RUNNING" {
				over++
			}
		}
		return over == rebuilt
	})
	stop()
	busy.Wait()
	for _, view := range views().Items {
		if r := view.Rebuild; r != nil && (r.State != "DONE" || r.Repaired != 0 || r.Removed != 0) {
			t.Errorf("%s: %+v", view.Name, *r)
		}
	}
}
