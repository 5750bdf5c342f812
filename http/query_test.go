package http_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"am-user-management/domain"
	amhttp "am-user-management/http"
	"am-user-management/internal/clock"
)

// overlooking are the paths whose query is nobody's business: people and probes come there by addresses that others
// have added to.
var overlooking = []string{"/docs", "/docs/:file", "/verify-email", "/reset-password", "/healthz", "/readyz", "/metrics"}

// overlooks reports whether a route is one of these. What the pages of mails send is held to the rules.
func overlooks(method, path string) bool {
	return slices.Contains(overlooking, path) && (method == http.MethodGet || method == http.MethodHead)
}

// knocked is a path with something in the place of each parameter.
func knocked(path string) string {
	return strings.NewReplacer(":id", anID, ":name", "profiles", ":role", "viewer", ":file", "docs.js").Replace(path)
}

// TestNoRouteOverlooksAParameterItDoesNotDeclare asks the routers themselves what there is, so that no route is missed,
// and compares with the table, not with what the routes say of themselves.
func TestNoRouteOverlooksAParameterItDoesNotDeclare(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) { d.DevClock = clock.New(d.Clock) }).seeded()
	root, before, asked := h.admin(), len(h.log.Log()), 0
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		credential := root
		if listener == amhttp.Internal {
			credential = "Bearer " + serviceKey
		}
		router, ok := h.listener(listener).(*echo.Echo)
		if !ok {
			t.Fatal("the listener is no router")
		}
		for _, route := range router.Routes() {
			asked++
			got := h.send(router, route.Method, knocked(route.Path)+"?statuss=ACTIVE", "", "Authorization", credential)
			name := fmt.Sprint(listener, " ", route.Method, " ", route.Path)
			refused := got.status == http.StatusBadRequest && strings.Contains(got.text, `"errors":[{"field":"statuss","message":"is not a parameter of this request"}]`)
			switch {
			case overlooks(route.Method, route.Path):
				if got.status != http.StatusOK {
					t.Errorf("%s: %d %s", name, got.status, got.text)
				}
			case !refused:
				t.Errorf("%s: %d %s", name, got.status, got.text)
			default:
				got.problem(http.StatusBadRequest, "request.invalid")
			}
		}
	}
	if asked < len(h.server.Routes()) {
		t.Errorf("asked %d of %d", asked, len(h.server.Routes()))
	}
	if after := len(h.log.Log()); after != before {
		t.Errorf("%d events were written", after-before)
	}
}

// TestAQueryTellsNothingToWhomTheRouteIsClosed: who may not ask learns that, whatever else is wrong.
func TestAQueryTellsNothingToWhomTheRouteIsClosed(t *testing.T) {
	h := newHouse(t).seeded()
	bearer := h.loggedIn()
	for _, route := range h.server.Routes() {
		for _, query := range []string{"?statuss=ACTIVE", "?limit=1&limit=2", "?%zz"} {
			path := knocked(route.Path) + query
			if route.Auth != amhttp.Anonymous {
				h.send(h.listener(route.Listener), route.Method, path, "").problem(http.StatusUnauthorized, "request.unauthenticated")
			}
			if route.Permission != "" {
				h.call(route.Method, path, "", "Authorization", bearer).problem(http.StatusForbidden, "roles.permission-denied")
			}
		}
	}
	// These look for the session by themselves when all else is well.
	for _, path := range []string{"/users/me", "/profile"} {
		h.call(http.MethodGet, path, "", "Consistency-Token", "junk").problem(http.StatusUnauthorized, "request.unauthenticated")
		h.call(http.MethodGet, path, "", "Consistency-Token", "junk", "Authorization", bearer).field("Consistency-Token")
	}
}

// TestDeclaredParametersAreTakenOnce sends what the contract gives as an example: once, and twice.
func TestDeclaredParametersAreTakenOnce(t *testing.T) {
	h := newHouseWithChanges(t, impatient).seeded()
	h.project()
	root, taken := h.admin(), 0
	for _, listener := range []amhttp.Listener{amhttp.Public, amhttp.Internal} {
		document := h.published(listener)
		for _, route := range h.server.Routes() {
			if route.Listener != listener || route.AnyQuery {
				continue
			}
			op := document.paths[spelled(route.Path)][strings.ToLower(route.Method)]
			if _, found := op.Responses["400"]; !found {
				t.Errorf("%s %s: the document does not say that it refuses parameters", route.Method, route.Path)
			}
			credential := root
			if route.Auth == amhttp.ServiceKey {
				credential = "Bearer " + serviceKey
			}
			for _, p := range op.Parameters {
				if p.In != "query" {
					continue
				}
				taken++
				once := p.Name + "=" + url.QueryEscape(fmt.Sprint(p.Example))
				ask := func(query string) answer {
					return h.send(h.listener(listener), route.Method, knocked(route.Path)+"?"+query, "", "Authorization", credential)
				}
				got := ask(once)
				sealed := p.Name == "cursor" || p.Name == "after" // this service's key did not make the example
				if sealed && !strings.Contains(got.field(p.Name).text, "must be a next_cursor") || !sealed && got.status == http.StatusBadRequest {
					t.Errorf("%s %s?%s: %d %s", route.Method, route.Path, once, got.status, got.text)
				}
				if twice := ask(once + "&" + once).field(p.Name); !strings.Contains(twice.text, "must be given once") {
					t.Errorf("%s %s: %s", route.Method, route.Path, twice.text)
				}
			}
		}
	}
	if taken == 0 {
		t.Error("no route takes a parameter")
	}
}

func TestAQueryIsReadStrictly(t *testing.T) {
	declared := []amhttp.Parameter{{Name: "limit", Kind: 0}, {Name: "types", Kind: []string{}}}
	for query, field := range map[string]string{
		"a=b;c": "query", "%zz": "query", "limit=1&%zz": "query", "=x": "query", "limit=1&=": "query",
		"Limit=1": "Limit", "limit[]=1": "limit[]", "limit=1&x": "x", "b=1&a=1&limit=0": "a", "limit=1&limit=1": "limit", "limit&limit": "limit",
		strings.Repeat("a", 300): strings.Repeat("a", 100), "%0d%0a%ffx%00": "   x ", "%e2%80%ae": " ",
	} {
		rule, _ := errors.AsType[*domain.Error](func() error { _, err := amhttp.ReadQuery(query, declared); return err }())
		if rule == nil || rule.Code != domain.ErrInvalid.Code || len(rule.Fields) != 1 || rule.Fields[0].Field != field {
			t.Errorf("%q: %+v, want %q", query, rule, field)
		}
	}
	for _, query := range []string{"", "&", "&limit=1&", "limit", "types=a&limit=1&types=b"} {
		got, err := amhttp.ReadQuery(query, declared)
		if wanted, _ := url.ParseQuery(query); err != nil || !maps.EqualFunc(got, wanted, slices.Equal) {
			t.Errorf("%q: %v %v", query, got, err)
		}
	}
}
