package http_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	amhttp "am-user-management/http"
)

// Who the matrix asks as. Users hold the roles that they are called after; user and other hold none.
var askers = []string{"nobody", "user", "other", "viewer", "editor", "admin", "auditor", "service"}

const (
	anyone    = "nobody user other viewer editor admin auditor service"
	loggedIn  = "user other viewer editor admin auditor"
	services  = "service"
	managers  = "admin"
	observers = "admin auditor"
)

// matrix says who may use which route: a line for every route, and no line without a route.
var matrix = map[string]string{
	"POST /users":               anyone,
	"GET /verify-email":         anyone,
	"POST /verify-email":        anyone,
	"POST /verify-email/resend": anyone,
	"POST /login":               anyone,
	"POST /logout":              loggedIn,
	"GET /users/me":             loggedIn,
	"GET /users/me/onboarding":  loggedIn,
	"POST /users/me/email":      loggedIn,
	"DELETE /users/me":          loggedIn,
	"GET /erasures/:id":         anyone,

	"POST /admin/users":          managers,
	"POST /users/:id/deactivate": managers,
	"POST /users/:id/reactivate": managers,
	"POST /users/:id/unlock":     managers,
	"DELETE /users/:id":          managers,

	"POST /reset-password":         anyone,
	"GET /reset-password":          anyone,
	"POST /reset-password/confirm": anyone,
	"POST /users/me/password":      loggedIn,
	"DELETE /sessions":             loggedIn,
	"DELETE /sessions/:id":         loggedIn,
	"GET /users/:id/sessions":      managers,
	"DELETE /users/:id/sessions":   managers,

	"GET /users":             "editor admin",
	"GET /users/:id":         "editor admin auditor",
	"GET /users/:id/profile": "editor admin auditor",

	"GET /sessions":     loggedIn,
	"GET /profile":      loggedIn,
	"PATCH /profile":    loggedIn,
	"GET /subscription": loggedIn,
	"GET /plans":        anyone,
	"PUT /plans/:id":    managers,

	"PATCH /subscription":          loggedIn,
	"POST /subscription/trial":     loggedIn,
	"POST /subscription/upgrade":   loggedIn,
	"POST /subscription/downgrade": loggedIn,
	"POST /subscription/cancel":    loggedIn,
	"POST /subscription/resume":    loggedIn,

	"GET /openapi.json":               anyone,
	"GET /docs":                       anyone,
	"GET /projections":                observers,
	"POST /projections/:name/retry":   managers,
	"POST /projections/:name/skip":    managers,
	"POST /projections/:name/park":    managers,
	"POST /projections/:name/rebuild": managers,
	"GET /jobs":                       observers,
	"POST /jobs/:id/retry":            managers,

	"POST /imports":    managers,
	"GET /imports/:id": managers,

	"GET /roles":                    observers,
	"PUT /roles/:name":              managers,
	"DELETE /roles/:name":           managers,
	"GET /users/:id/roles":          observers,
	"POST /users/:id/roles":         managers,
	"DELETE /users/:id/roles/:role": managers,
	"POST /permissions/check":       loggedIn,

	"POST /internal/v1/permissions/check":   services,
	"POST /internal/v1/sessions/introspect": services,
	"GET /internal/v1/users/:id":            services,
	"GET /internal/v1/users/:id/profile":    services,
	"GET /internal/v1/events":               services,
	"GET /healthz":                          anyone,
	"GET /readyz":                           anyone,
	"GET /metrics":                          anyone,
}

// foreign says what somebody else's object is to a user, on the routes of one's own objects that are named by an id.
var foreign = map[string]int{"DELETE /sessions/:id": http.StatusNotFound}

// TestR12AuthorizationMatrix asks for every route as everybody. It compares with the table, not with what the routes
// declare: a route whose permission is changed by mistake fails here.
func TestR12AuthorizationMatrix(t *testing.T) {
	h := newHouse(t)
	h.seed()
	people := make(map[string]string)
	for _, asker := range askers[1:7] {
		people[asker] = h.person(asker)
	}
	for _, asker := range []string{"viewer", "editor", "admin", "auditor"} {
		h.gives(people[asker], asker)
	}
	target := h.person("target") // nobody who asks, so that it may be changed
	h.project()

	listed := make(map[string]bool)
	for _, route := range h.server.Routes() {
		name := route.Method + " " + route.Path
		listed[name] = true
		row, ok := matrix[name]
		if !ok {
			t.Errorf("%s is not in the matrix", name)
			continue
		}
		path := strings.NewReplacer(":id", target, ":role", "editor", ":name", "support").Replace(route.Path)
		body := ""
		if route.Body != nil {
			body = "{}"
		}
		for _, asker := range askers {
			var headers []string
			switch asker {
			case "nobody":
			case "service":
				headers = []string{"Authorization", "Bearer " + serviceKey}
			default:
				headers = []string{"Authorization", h.enters(asker)}
			}
			got := h.send(h.listener(route.Listener), route.Method, path, body, headers...)
			refused := got.status == http.StatusUnauthorized || got.status == http.StatusForbidden
			if may := slices.Contains(strings.Fields(row), asker); may == refused {
				t.Errorf("%s as %s: %d %s", name, asker, got.status, got.text)
			}
			if known := slices.Contains(strings.Fields(loggedIn), asker); refused && route.Auth == amhttp.Session && known != (got.status == http.StatusForbidden) {
				t.Errorf("%s as %s: %d", name, asker, got.status)
			}
			if asker != "user" && asker != "nobody" && !refused && row == loggedIn && strings.Contains(got.text, people["user"]) {
				t.Errorf("%s as %s tells about another user: %s", name, asker, got.text)
			}
		}
	}
	for name := range matrix {
		if !listed[name] {
			t.Errorf("the matrix has %s, which is no route", name)
		}
	}
	h.foreignObjects(t)
}

// foreignObjects asks for a user's session as another one.
func (h *house) foreignObjects(t *testing.T) {
	t.Helper()
	session := h.call(http.MethodGet, "/sessions", "", "Authorization", h.enters("user"))
	_, id, _ := strings.Cut(session.text, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	for name, status := range foreign {
		method, path, _ := strings.Cut(name, " ")
		got := h.call(method, strings.ReplaceAll(path, ":id", id), "", "Authorization", h.enters("other"))
		if got.status != status {
			t.Errorf("%s of another user: %d, want %d", name, got.status, status)
		}
	}
	for _, route := range h.server.Routes() {
		name := route.Method + " " + route.Path
		own := route.Auth == amhttp.Session && route.Permission == "" && strings.Contains(route.Path, "/:")
		if _, ok := foreign[name]; own && !ok {
			t.Errorf("%s names an object by its id: say in the table what somebody else's is", name)
		}
	}
}

func TestR12NobodyChecksOthersWithoutPermission(t *testing.T) {
	h := newHouse(t)
	h.seed()
	user, other := h.person("user"), h.person("other")
	h.gives(h.person("admin"), "admin")
	ask := func(as, about string) answer {
		return h.call(http.MethodPost, "/permissions/check", fmt.Sprintf(`{"user_id":%q,"permission":"user:read"}`, about), "Authorization", h.enters(as))
	}
	ask("user", other).problem(http.StatusForbidden, "roles.permission-denied")
	ask("user", anID).problem(http.StatusForbidden, "roles.permission-denied")
	for _, asker := range []string{"user", "admin"} {
		if got := ask(asker, user).want(http.StatusOK); got.text != `{"allowed":false,"via":[]}` {
			t.Errorf("as %s: %s", asker, got.text)
		}
	}
	if got := ask("admin", anID).want(http.StatusOK); got.json("allowed") != false {
		t.Errorf("an unknown user: %s", got.text)
	}
}

// seed defines the roles that every installation has.
func (h *house) seed() {
	h.t.Helper()
	if err := h.commands.Seed(h.t.Context(), builtIn, nil); err != nil {
		h.t.Fatal(err)
	}
}

// person signs somebody up and proves their address; they have no roles.
func (h *house) person(name string) (userID string) {
	h.t.Helper()
	userID = h.call(http.MethodPost, "/users", fmt.Sprintf(`{"email":"%s@example.org","password":"correct horse"}`, name)).
		want(http.StatusCreated).string("id")
	h.call(http.MethodPost, "/verify-email", `{"token":"`+h.mailed(userID)+`"}`).want(http.StatusNoContent)
	return userID
}

// enters logs a person in.
func (h *house) enters(name string) (bearer string) {
	h.t.Helper()
	body := fmt.Sprintf(`{"email":"%s@example.org","password":"correct horse"}`, name)
	return "Bearer " + h.call(http.MethodPost, "/login", body).want(http.StatusOK).string("session_id")
}

// gives gives somebody a role, whoever may.
func (h *house) gives(userID, role string) {
	h.t.Helper()
	if err := h.commands.AssignRole(h.t.Context(), commandRequest(), parsed(h.t, userID), role); err != nil {
		h.t.Fatal(err)
	}
}
