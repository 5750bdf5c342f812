package http_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/roles"
)

var builtIn = roles.BuiltIn(map[string][]string{"admin": {"editor"}, "editor": {"viewer"}})

func commandRequest() commands.Request {
	return commands.Request{CommandID: uuid.New(), Fingerprint: "f"}
}

func parsed(tb testing.TB, text string) domain.ID {
	tb.Helper()
	id, err := domain.ParseID(text)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// staff is a house with an admin, a clerk who may assign and manage roles and read users, and ann, who may nothing.
type staff struct {
	*house
	admin, clerk, ann string // ids
	asAdmin, asClerk  []string
	asAnn             []string
}

func newStaff(t *testing.T) *staff {
	t.Helper()
	h := newHouse(t)
	h.seed()
	s := &staff{house: h, admin: h.person("admin"), clerk: h.person("clerk"), ann: h.person("ann")}
	h.gives(s.admin, "admin")
	s.asAdmin = []string{"Authorization", h.enters("admin")}
	s.asClerk = []string{"Authorization", h.enters("clerk")}
	s.asAnn = []string{"Authorization", h.enters("ann")}
	s.define("clerk", `{"permissions":["role:*","user:read"]}`, s.asAdmin).want(http.StatusOK)
	s.grant(s.clerk, `{"role":"clerk"}`, s.asAdmin).want(http.StatusOK)
	return s
}

func (s *staff) define(name, body string, as []string) answer {
	s.t.Helper()
	return s.call(http.MethodPut, "/roles/"+name, body, as...)
}

func (s *staff) remove(name string, as []string) answer {
	s.t.Helper()
	return s.call(http.MethodDelete, "/roles/"+name, "", as...)
}

func (s *staff) grant(user, body string, as []string) answer {
	s.t.Helper()
	return s.call(http.MethodPost, "/users/"+user+"/roles", body, as...)
}

func (s *staff) revoke(user, role string, as []string) answer {
	s.t.Helper()
	return s.call(http.MethodDelete, "/users/"+user+"/roles/"+role, "", as...)
}

// may is the internal answer about a permission.
func (s *staff) may(user, permission string) string {
	s.t.Helper()
	return s.send(s.server.Internal(), http.MethodPost, "/internal/v1/permissions/check",
		fmt.Sprintf(`{"user_id":%q,"permission":%q}`, user, permission), "Authorization", "Bearer "+serviceKey).want(http.StatusOK).text
}

const denied = `{"allowed":false,"via":[]}`

func TestRolesAreDefinedGivenAndTaken(t *testing.T) {
	s := newStaff(t)
	got := s.define("support", `{"permissions":["user:read","user:list"],"inherits":["viewer"]}`, s.asAdmin).want(http.StatusOK)
	if want := `{"name":"support","permissions":["user:list","user:read"],"inherits":["viewer"],"built_in":false}`; got.text != want {
		t.Errorf("defined %s, want %s", got.text, want)
	}
	if got.header.Get("Etag") != `"0"` || got.header.Get("Consistency-Token") == "" {
		t.Errorf("headers %v", got.header)
	}
	if list := s.call(http.MethodGet, "/roles", "", s.asAdmin...).want(http.StatusOK).text; !strings.Contains(list, got.text) {
		t.Errorf("roles %s", list)
	}
	end := s.now().Add(time.Hour).Format(time.RFC3339)
	given := s.grant(s.ann, `{"role":"support","expires_at":"`+end+`","reason":"holidays"}`, s.asAdmin).want(http.StatusOK).text
	if want := `{"items":[{"role":"support","expires_at":"` + end + `","reason":"holidays","assigned_at":"` + s.now().Format(time.RFC3339) + `"}]}`; given != want {
		t.Errorf("given %s, want %s", given, want)
	}
	want := strings.TrimSuffix(given, "}") + `,"next_cursor":null}`
	if shown := s.call(http.MethodGet, "/users/"+s.ann+"/roles", "", s.asAdmin...).want(http.StatusOK).text; shown != want {
		t.Errorf("shown %s, want %s", shown, want)
	}
	if got, want := s.may(s.ann, "user:list"), `{"allowed":true,"via":["support"],"expires_at":"`+end+`"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := s.call(http.MethodPost, "/permissions/check", `{"permission":"user:list"}`, s.asAnn...).want(http.StatusOK).json("allowed"); got != true {
		t.Errorf("about oneself: %v", got)
	}
	s.revoke(s.ann, "support", s.asAdmin).want(http.StatusNoContent)
	if got := s.may(s.ann, "user:list"); got != denied {
		t.Errorf("after it was taken: %s", got)
	}
	s.define("support", `{"permissions":[]}`, append([]string{"If-Match", `"7"`}, s.asAdmin...)).problem(http.StatusPreconditionFailed, "request.precondition-failed")
	s.grant(s.ann, `{"role":"nobodys"}`, s.asAdmin).problem(http.StatusNotFound, "roles.not-found")
	s.grant(s.ann, `{"role":"Support#1"}`, s.asAdmin).problem(http.StatusNotFound, "roles.not-found")
	s.revoke(s.ann, "nobodys", s.asAdmin).problem(http.StatusNotFound, "roles.not-found")
	s.grant(anID, `{"role":"support"}`, s.asAdmin).problem(http.StatusNotFound, "account.not-found")
	s.revoke(anID, "support", s.asAdmin).problem(http.StatusNotFound, "account.not-found")
	s.call(http.MethodGet, "/users/"+anID+"/roles", "", s.asAdmin...).problem(http.StatusNotFound, "account.not-found")
	s.remove("nobodys", s.asAdmin).problem(http.StatusNotFound, "roles.not-found")
	s.define("Loud", `{}`, s.asAdmin).field("name")
	s.define("x", `{"permissions":["user"]}`, s.asAdmin).field("permissions")
	s.define("x", `{"inherits":["nobodys"]}`, s.asAdmin).field("inherits")
	s.grant(s.ann, `{"role":"support","expires_at":"2020-01-01T00:00:00Z"}`, s.asAdmin).field("expires_at")
	s.call(http.MethodPost, "/permissions/check", `{"permission":"user"}`, s.asAnn...).field("permission")
	s.call(http.MethodPost, "/permissions/check", `{"permission":"user:read","user_id":"ann"}`, s.asAnn...).field("user_id")
}

func TestRoleCirclesAreRefused(t *testing.T) {
	s := newStaff(t)
	s.define("a", `{}`, s.asAdmin).want(http.StatusOK)
	s.define("b", `{"inherits":["a"]}`, s.asAdmin).want(http.StatusOK)
	s.define("c", `{"inherits":["b"]}`, s.asAdmin).want(http.StatusOK)
	s.define("a", `{"inherits":["c"]}`, s.asAdmin).field("inherits")
	s.define("a", `{"inherits":["a"]}`, s.asAdmin).field("inherits")
}

// The clerk may assign, define and delete any role that permits no more than they may themselves, and no other.
func TestR13NobodyGrantsWhatTheyLack(t *testing.T) {
	s := newStaff(t)
	s.define("reader", `{"permissions":["user:read"]}`, s.asClerk).want(http.StatusOK)
	s.define("hollow", `{}`, s.asClerk).want(http.StatusOK)
	s.define("lister", `{"permissions":["user:list"]}`, s.asAdmin).want(http.StatusOK)
	s.define("heir", `{"inherits":["lister"]}`, s.asAdmin).want(http.StatusOK)
	s.grant(s.ann, `{"role":"lister"}`, s.asAdmin).want(http.StatusOK)
	length := len(s.log.Log())
	for name, tried := range map[string]answer{
		"give admin":                          s.grant(s.clerk, `{"role":"admin"}`, s.asClerk),
		"give a role one lacks":               s.grant(s.clerk, `{"role":"lister"}`, s.asClerk),
		"give a role that inherits it":        s.grant(s.clerk, `{"role":"heir"}`, s.asClerk),
		"give it for a moment":                s.grant(s.ann, `{"role":"lister","expires_at":"2026-12-01T00:00:00Z"}`, s.asClerk),
		"take what one lacks":                 s.revoke(s.ann, "lister", s.asClerk),
		"take the admin's role":               s.revoke(s.admin, "admin", s.asClerk),
		"define a role with more":             s.define("mine", `{"permissions":["user:list"]}`, s.asClerk),
		"define a role with a wildcard":       s.define("mine", `{"permissions":["user:*"]}`, s.asClerk),
		"define a role with another wildcard": s.define("mine", `{"permissions":["*:read"]}`, s.asClerk),
		"define a role that inherits more":    s.define("mine", `{"inherits":["lister"]}`, s.asClerk),
		"define by a detour":                  s.define("mine", `{"inherits":["heir"]}`, s.asClerk),
		"strengthen a role one holds":         s.define("clerk", `{"permissions":["role:*","user:*"]}`, s.asClerk),
		"strengthen what others hold":         s.define("hollow", `{"inherits":["lister"]}`, s.asClerk),
		"weaken a role one lacks":             s.define("lister", `{}`, s.asClerk),
		"delete a role one lacks":             s.remove("heir", s.asClerk),
		"delete the auditors":                 s.remove("auditor", s.asClerk),
	} {
		if tried.status != http.StatusForbidden || tried.json("type") != "/problems/roles.permission-denied" {
			t.Errorf("%s: %d %s", name, tried.status, tried.text)
		}
	}
	if now := len(s.log.Log()); now != length {
		t.Errorf("what was refused wrote %d events", now-length)
	}
	s.grant(s.ann, `{"role":"reader"}`, s.asClerk).want(http.StatusOK)
	s.revoke(s.ann, "reader", s.asClerk).want(http.StatusNoContent)
	s.remove("reader", s.asClerk).want(http.StatusNoContent)

	// What counts is what the clerk holds now, not what they held.
	s.revoke(s.clerk, "clerk", s.asAdmin).want(http.StatusNoContent)
	s.grant(s.ann, `{"role":"hollow"}`, s.asClerk).problem(http.StatusForbidden, "roles.permission-denied")
}

func TestR13AdminCannotBeDeletedNorWeakened(t *testing.T) {
	s := newStaff(t)
	s.remove("admin", s.asAdmin).problem(http.StatusConflict, "roles.admin-protected")
	s.define("admin", `{"permissions":["user:*"]}`, s.asAdmin).problem(http.StatusConflict, "roles.admin-protected")
	s.remove("viewer", s.asAdmin).problem(http.StatusConflict, "roles.is-default")
	s.define("admin", `{"permissions":["*:*"],"inherits":["auditor"]}`, s.asAdmin).want(http.StatusOK)
}

// A role that was deleted is gone at once, and what was given or inherited of it does not come back with its name.
func TestR13ARecycledRoleNameBringsNothingBack(t *testing.T) {
	s := newStaff(t)
	const page = "page:write"
	s.define("writer", `{"permissions":["page:write"]}`, s.asAdmin).want(http.StatusOK)
	s.define("chief", `{"inherits":["writer"]}`, s.asAdmin).want(http.StatusOK)
	s.grant(s.ann, `{"role":"writer"}`, s.asAdmin).want(http.StatusOK)
	s.grant(s.clerk, `{"role":"chief"}`, s.asAdmin).want(http.StatusOK)
	if got, want := s.may(s.clerk, page), `{"allowed":true,"via":["chief","writer"]}`; got != want {
		t.Errorf("inherited: %s, want %s", got, want)
	}
	for life := range 2 {
		s.remove("writer", s.asAdmin).want(http.StatusNoContent)
		nobody := func(when string) {
			t.Helper()
			if one, other := s.may(s.ann, page), s.may(s.clerk, page); one != denied || other != denied {
				t.Errorf("%s, life %d: %s, %s", when, life, one, other)
			}
			if shown := s.call(http.MethodGet, "/users/"+s.ann+"/roles", "", s.asAdmin...).text; shown != `{"items":[],"next_cursor":null}` {
				t.Errorf("%s, life %d: shown %s", when, life, shown)
			}
		}
		nobody("deleted")
		s.define("writer", `{"permissions":["page:write","page:read"]}`, s.asAdmin).want(http.StatusOK)
		nobody("defined again")
		s.project()
		nobody("projected")
		s.grant(s.ann, `{"role":"writer"}`, s.asAdmin).want(http.StatusOK)
		if got, want := s.may(s.ann, page), `{"allowed":true,"via":["writer"]}`; got != want {
			t.Errorf("given again: %s", got)
		}
		if list := s.call(http.MethodGet, "/roles", "", s.asAdmin...).text; strings.Contains(list, "#") || !strings.Contains(list, `"name":"chief","permissions":[],"inherits":[]`) {
			t.Errorf("roles %s", list)
		}
	}
	s.revoke(s.ann, "writer", s.asAdmin).want(http.StatusNoContent)
	if got := s.may(s.ann, page); got != denied {
		t.Errorf("taken: %s", got)
	}
}

// No projector runs here at all: rights are those of the tables that commands apply themselves.
func TestR13RightsEndAtOnce(t *testing.T) {
	s := newStaff(t)
	end := s.now().Add(time.Hour)
	s.grant(s.ann, fmt.Sprintf(`{"role":"auditor","expires_at":%q}`, end.Format(time.RFC3339)), s.asAdmin).want(http.StatusOK)
	s.call(http.MethodGet, "/roles", "", s.asAnn...).want(http.StatusOK)
	s.pass(time.Hour - time.Microsecond)
	s.call(http.MethodGet, "/roles", "", s.asAnn...).want(http.StatusOK)
	s.pass(time.Microsecond)
	s.call(http.MethodGet, "/roles", "", s.asAnn...).problem(http.StatusForbidden, "roles.permission-denied")
	if got := s.may(s.ann, "role:read"); got != denied {
		t.Errorf("after its end: %s", got)
	}
	s.define("auditor", `{"permissions":["audit:read"]}`, s.asAdmin).want(http.StatusOK)
	s.grant(s.ann, `{"role":"auditor"}`, s.asAdmin).want(http.StatusOK)
	s.call(http.MethodGet, "/roles", "", s.asAnn...).problem(http.StatusForbidden, "roles.permission-denied")
	s.define("auditor", `{"permissions":["audit:read","role:read"]}`, s.asAdmin).want(http.StatusOK)
	s.call(http.MethodGet, "/roles", "", s.asAnn...).want(http.StatusOK)
}

func TestR13NobodyGivesForLongerThanTheyHave(t *testing.T) {
	s := newStaff(t)
	end := func(hours int) string { return s.now().Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
	s.grant(s.ann, `{"role":"admin","expires_at":"`+end(2)+`"}`, s.asAdmin).want(http.StatusOK)
	for what, refused := range map[string]answer{
		"to themselves for good":   s.grant(s.ann, `{"role":"admin"}`, s.asAnn),
		"to themselves for longer": s.grant(s.ann, `{"role":"admin","expires_at":"`+end(3)+`"}`, s.asAnn),
		"to another":               s.grant(s.clerk, `{"role":"editor"}`, s.asAnn),
		"by a definition":          s.define("friends", `{"permissions":["user:read"]}`, s.asAnn),
		"with a new account": s.call(http.MethodPost, "/admin/users",
			`{"email":"friend@example.org","password":"correct horse","roles":["editor"]}`, s.asAnn...),
	} {
		if refused.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", what, refused.status, refused.text)
		}
	}
	s.grant(s.clerk, `{"role":"editor","expires_at":"`+end(2)+`"}`, s.asAnn).want(http.StatusOK)
	s.grant(s.clerk, `{"role":"editor"}`, s.asAdmin).want(http.StatusOK)
}

func TestATimeThatJSONCannotWriteIsRefused(t *testing.T) {
	s := newStaff(t)
	for _, at := range []string{"9999-12-31T23:59:59-12:00", "0000-01-01T00:00:00+12:00", "tomorrow"} {
		refused := s.grant(s.ann, `{"role":"viewer","expires_at":"`+at+`"}`, s.asAdmin)
		refused.field("expires_at")
		if !strings.Contains(refused.text, "2020-01-31T12:00:00Z") {
			t.Errorf("%s: no word of what a time looks like: %s", at, refused.text)
		}
	}
}

func TestR13TheLastAdminStays(t *testing.T) {
	s := newStaff(t)
	s.revoke(s.admin, "admin", s.asAdmin).problem(http.StatusConflict, "roles.last-admin")
	end := s.now().Add(time.Hour).Format(time.RFC3339)
	s.grant(s.admin, `{"role":"admin","expires_at":"`+end+`"}`, s.asAdmin).problem(http.StatusConflict, "roles.last-admin")
	s.grant(s.ann, `{"role":"admin","expires_at":"`+end+`"}`, s.asAdmin).want(http.StatusOK)
	s.revoke(s.admin, "admin", s.asAdmin).problem(http.StatusConflict, "roles.last-admin") // Ann is one for an hour only
	s.grant(s.ann, `{"role":"admin"}`, s.asAdmin).want(http.StatusOK)
	s.revoke(s.admin, "admin", s.asAdmin).want(http.StatusNoContent)
	s.revoke(s.ann, "admin", s.asAnn).problem(http.StatusConflict, "roles.last-admin")
	s.grant(s.admin, `{"role":"admin"}`, s.asAnn).want(http.StatusOK)
	s.revoke(s.ann, "admin", s.asAnn).want(http.StatusNoContent)
}

func TestR15InternalAPIChecksAndIntrospects(t *testing.T) {
	s := newStaff(t)
	post := func(path, body string, headers ...string) answer {
		t.Helper()
		return s.send(s.server.Internal(), http.MethodPost, path, body, headers...)
	}
	secret := strings.TrimPrefix(s.asClerk[1], "Bearer ")
	key := []string{"Authorization", "Bearer " + serviceKey}
	const introspect, check = "/internal/v1/sessions/introspect", "/internal/v1/permissions/check"
	for _, path := range []string{introspect, check} {
		for _, headers := range [][]string{nil, s.asAdmin, {"Authorization", "Bearer " + serviceKey + "x"}} {
			post(path, `{}`, headers...).problem(http.StatusUnauthorized, "request.unauthenticated")
		}
		s.call(http.MethodPost, path, `{}`, key...).problem(http.StatusNotFound, "request.not-found")
	}
	post(introspect, `{}`, key...).field("session_id")
	post(check, `{"permission":"user:read"}`, key...).field("user_id")
	end := s.now().Add(24 * time.Hour).Format(time.RFC3339)
	want := `{"active":true,"user_id":"` + s.clerk + `","expires_at":"` + end + `","roles":["clerk"],"permissions":["role:*","user:read"]}`
	if got := post(introspect, `{"session_id":"`+secret+`"}`, key...).want(http.StatusOK).text; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	inactive := func(session string) {
		t.Helper()
		if got := post(introspect, `{"session_id":"`+session+`"}`, key...).want(http.StatusOK).text; got != `{"active":false}` {
			t.Errorf("got %s", got)
		}
	}
	inactive("x")
	inactive(strings.Repeat("A", 43))
	s.call(http.MethodPost, "/logout", "", s.asClerk...).want(http.StatusNoContent)
	inactive(secret)
	idle := strings.TrimPrefix(s.enters("clerk"), "Bearer ")
	s.pass(time.Hour)
	if got := post(introspect, `{"session_id":"`+idle+`"}`, key...).json("active"); got != true {
		t.Errorf("after an hour: %v", got)
	}
	s.pass(time.Hour) // being asked about is no use
	inactive(idle)
	if got := s.may(s.admin, "user:read"); got != `{"allowed":true,"via":["admin"]}` {
		t.Errorf("got %s", got)
	}
	if _, err := s.pool.Exec(t.Context(), `UPDATE accounts SET status = 'INACTIVE' WHERE user_id = $1`, s.admin); err != nil {
		t.Fatal(err)
	}
	if got := s.may(s.admin, "user:read"); got != denied {
		t.Errorf("of an account that may not be used: %s", got)
	}
	inactive(strings.TrimPrefix(s.asAdmin[1], "Bearer "))
}
