package http_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	amhttp "am-user-management/http"
	"am-user-management/internal/eventstore"
)

// operated is what operators see and drive: two projections, one of them halted, and a few jobs.
type operated struct {
	mu          sync.Mutex
	projections []amhttp.ProjectionStatus
	jobs        []amhttp.Job
	retried     []string
}

var haltedEvent = uuid.MustParse("7f1f9d3c-7d1c-4f6c-9d58-0f5f8f0e7b11")

var operatedAt = time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)

func newOperated() *operated {
	at := operatedAt
	o := &operated{projections: []amhttp.ProjectionStatus{
		{Name: "accounts", Position: eventstore.Position{Commit: 9, Prepare: 9}, EventsPerSecond: 2.5},
		{Name: "profiles", Position: eventstore.Position{Commit: 4, Prepare: 4}, Lag: 5, BehindSeconds: 1.5, Halt: &amhttp.ProjectionHalt{
			Event: haltedEvent, Position: eventstore.Position{Commit: 5, Prepare: 5}, Error: "it is poison", At: at,
		}},
	}}
	user := domain.ID{15: 1}
	for i, state := range []string{"completed", "discarded", "retryable", "running", "cancelled"} {
		o.jobs = append(o.jobs, amhttp.Job{
			ID: int64(i + 1), Kind: "send_mail", UserID: &user, Step: "mail", State: state, Attempts: i, MaxAttempts: 25, CreatedAt: at, ScheduledAt: at,
		})
	}
	return o
}

func (o *operated) Status(context.Context) ([]amhttp.ProjectionStatus, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.projections), nil
}

func (o *operated) halted(name string) (*amhttp.ProjectionStatus, error) {
	for i := range o.projections {
		if o.projections[i].Name == name {
			if o.projections[i].Halt == nil {
				return nil, amhttp.ErrNotHalted
			}
			return &o.projections[i], nil
		}
	}
	return nil, amhttp.ErrNoProjection
}

// Retry of a projection and of a job differ in what names them; see jobs below.
func (o *operated) retryProjection(name string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.halted(name)
	if err == nil {
		o.retried = append(o.retried, name)
	}
	return err
}

func (o *operated) skip(name string, at eventstore.Position) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	status, err := o.halted(name)
	if err != nil || status.Halt.Position != at {
		return amhttp.ErrNotHalted
	}
	status.Position, status.Halt, status.Lag = at, nil, 0
	return nil
}

// operatedProjections and operatedJobs are its two sides.
type (
	operatedProjections struct{ *operated }
	operatedJobs        struct{ *operated }
)

func (o operatedProjections) Retry(_ context.Context, name string) error {
	return o.retryProjection(name)
}

func (o operatedProjections) Skip(_ context.Context, name string, at eventstore.Position) error {
	return o.skip(name, at)
}

func (o operatedProjections) Park(_ context.Context, name string, at eventstore.Position) error {
	if err := o.skip(name, at); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.projections {
		if o.projections[i].Name == name {
			o.projections[i].Parked = []amhttp.ParkedStream{{Stream: "profile-1", EventID: haltedEvent, Error: "it is poison", ParkedAt: operatedAt}}
		}
	}
	return nil
}

func (o operatedProjections) Rebuild(_ context.Context, name string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.projections {
		switch p := &o.projections[i]; {
		case p.Name != name:
		case name == "accounts":
			return amhttp.ErrNotRebuildable
		case p.Rebuild != nil:
			return amhttp.ErrRebuilding
		default:
			p.Rebuild = &amhttp.ProjectionRebuild{State: amhttp.RebuildRunning, StartedAt: operatedAt, Position: p.Position, RepairedRows: 3}
			return nil
		}
	}
	return amhttp.ErrNoProjection
}

func (o operatedJobs) Page(_ context.Context, after int64, limit int, state string) ([]amhttp.Job, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []amhttp.Job
	for _, job := range o.jobs {
		if job.ID > after && (state == "" || job.State == state) && len(found) < limit {
			found = append(found, job)
		}
	}
	return found, nil
}

func (o operatedJobs) Retry(_ context.Context, id int64) (amhttp.Job, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.jobs {
		if o.jobs[i].ID == id {
			o.jobs[i].State = "available"
			return o.jobs[i], nil
		}
	}
	return amhttp.Job{}, amhttp.ErrNoJob
}

const adminEmail, adminPassword = "root@example.org", "the root of all"

// admin is the header of an administrator.
func (h *house) admin() (bearer string) {
	h.t.Helper()
	if err := h.commands.BootstrapAdmin(h.t.Context(), commands.Registration{
		Email: adminEmail, EmailNormal: adminEmail, Password: adminPassword,
	}); err != nil {
		h.t.Fatal(err)
	}
	body := `{"email":"` + adminEmail + `","password":"` + adminPassword + `"}`
	session := h.call(http.MethodPost, "/login", body).want(http.StatusOK)
	h.onboarded(session.string("user_id"))
	return "Bearer " + session.string("session_id")
}

func TestOperatorsSeeAndDriveProjections(t *testing.T) {
	h := newHouse(t)
	root := h.seeded().admin()
	list := h.call(http.MethodGet, "/projections", "", "Authorization", root).want(http.StatusOK)
	for _, want := range []string{
		`"name":"accounts"`, `"events_per_second":2.5`, `"lag":5,"behind_seconds":1.5`,
		`"halted":{"event_id":"` + haltedEvent.String() + `"`, `"error":"it is poison","at":"2026-11-23T11:00:00Z"`,
	} {
		if !strings.Contains(list.text, want) {
			t.Errorf("no %s in %s", want, list.text)
		}
	}
	post := func(path, body string) answer {
		t.Helper()
		return h.call(http.MethodPost, "/projections/"+path, body, "Authorization", root)
	}
	post("profiles/retry", "").want(http.StatusNoContent)
	if !slices.Equal(h.operated.retried, []string{"profiles"}) {
		t.Errorf("retried %v", h.operated.retried)
	}
	post("accounts/retry", "").problem(http.StatusConflict, "projection.not-halted")
	post("nothing/retry", "").problem(http.StatusNotFound, "projection.not-found")

	const another = `{"event_id":"` + anID + `"}`
	post("profiles/skip", another).problem(http.StatusConflict, "projection.not-halted")
	post("nothing/skip", another).problem(http.StatusNotFound, "projection.not-found")
	post("profiles/skip", `{}`).field("event_id")
	post("profiles/skip", `{"event_id":"`+haltedEvent.String()+`"}`).want(http.StatusNoContent)
	post("profiles/skip", `{"event_id":"`+haltedEvent.String()+`"}`).problem(http.StatusConflict, "projection.not-halted")
}

func TestOperatorsParkAndRebuild(t *testing.T) {
	h := newHouse(t)
	root := h.seeded().admin()
	post := func(path, body string) answer {
		t.Helper()
		return h.call(http.MethodPost, "/projections/"+path, body, "Authorization", root)
	}
	const another = `{"event_id":"` + anID + `"}`
	post("profiles/park", another).problem(http.StatusConflict, "projection.not-halted")
	post("nothing/park", another).problem(http.StatusNotFound, "projection.not-found")
	post("profiles/park", `{}`).field("event_id")
	post("profiles/park", `{"event_id":"`+haltedEvent.String()+`"}`).want(http.StatusNoContent)
	post("accounts/rebuild", "").problem(http.StatusConflict, "projection.not-rebuildable")
	post("nothing/rebuild", "").problem(http.StatusNotFound, "projection.not-found")
	post("profiles/rebuild", "").want(http.StatusAccepted)
	post("profiles/rebuild", "").problem(http.StatusConflict, "projection.rebuilding")
	list := h.call(http.MethodGet, "/projections", "", "Authorization", root).want(http.StatusOK)
	for _, want := range []string{
		`"parked":[{"stream":"profile-1","event_id":"` + haltedEvent.String() + `","error":"it is poison","parked_at":"2026-11-23T11:00:00Z"}]`,
		`"rebuild":{"state":"RUNNING","started_at":"2026-11-23T11:00:00Z","position":"`, `"repaired_rows":3,"removed_rows":0}`,
	} {
		if !strings.Contains(list.text, want) {
			t.Errorf("no %s in %s", want, list.text)
		}
	}
}

func TestOperatorsSeeAndDriveJobs(t *testing.T) {
	h := newHouse(t)
	root := h.seeded().admin()
	get := func(query string) answer {
		t.Helper()
		return h.call(http.MethodGet, "/jobs"+query, "", "Authorization", root)
	}
	var ids []any
	for cursor := ""; ; {
		page := get("?limit=2" + cursor).want(http.StatusOK)
		items, _ := page.json("items").([]any)
		for _, item := range items {
			job, _ := item.(map[string]any)
			ids = append(ids, job["id"])
		}
		next, more := page.json("next_cursor").(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if !slices.Equal(ids, []any{1.0, 2.0, 3.0, 4.0, 5.0}) {
		t.Errorf("ids %v", ids)
	}
	if dead := get("?state=discarded").want(http.StatusOK).text; strings.Count(dead, `"id":`) != 1 || !strings.Contains(dead, `"id":2`) {
		t.Errorf("discarded: %s", dead)
	}
	get("?state=lost").field("state")
	get("?limit=0").field("limit")
	get("?cursor=abc").field("cursor")
	retry := func(id string) answer {
		t.Helper()
		return h.call(http.MethodPost, "/jobs/"+id+"/retry", "", "Authorization", root)
	}
	if job := retry("2").want(http.StatusOK); job.string("state") != "available" {
		t.Errorf("job %s", job.text)
	}
	retry("1").problem(http.StatusConflict, "jobs.done")
	retry("99").problem(http.StatusNotFound, "jobs.not-found")
	for _, id := range []string{"0", "-1", "x", "9223372036854775808"} {
		retry(id).field("id")
	}
}

func TestOnlyOperatorsOperate(t *testing.T) {
	h := newHouse(t)
	bearer := h.seeded().loggedIn()
	for _, route := range [][2]string{
		{http.MethodGet, "/projections"},
		{http.MethodPost, "/projections/profiles/retry"},
		{http.MethodPost, "/projections/profiles/skip"},
		{http.MethodPost, "/projections/profiles/park"},
		{http.MethodPost, "/projections/profiles/rebuild"},
		{http.MethodGet, "/jobs"},
		{http.MethodPost, "/jobs/2/retry"},
	} {
		body := ""
		if strings.HasSuffix(route[1], "skip") || strings.HasSuffix(route[1], "park") {
			body = `{"event_id":"` + haltedEvent.String() + `"}`
		}
		h.call(route[0], route[1], body, "Authorization", bearer).problem(http.StatusForbidden, "roles.permission-denied")
		h.call(route[0], route[1], body).problem(http.StatusUnauthorized, "request.unauthenticated")
	}
	if len(h.operated.retried) > 0 {
		t.Error("it was retried")
	}
}
