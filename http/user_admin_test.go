package http_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/roles"
	amhttp "am-user-management/http"
)

// administrator is the header of somebody who may do anything, in a house of the built-in roles.
func (h *house) administrator() (bearer string) {
	h.t.Helper()
	hierarchy := map[string][]string{roles.Admin: {roles.Editor}, roles.Editor: {roles.Viewer}}
	if err := h.commands.Seed(h.t.Context(), roles.BuiltIn(hierarchy), nil); err != nil {
		h.t.Fatal(err)
	}
	err := h.commands.BootstrapAdmin(h.t.Context(), commands.Registration{
		Email: "root@example.org", EmailNormal: "root@example.org", Password: "correct horse",
	})
	if err != nil {
		h.t.Fatal(err)
	}
	body := `{"email":"root@example.org","password":"correct horse"}`
	return "Bearer " + h.call(http.MethodPost, "/login", body).want(http.StatusOK).string("session_id")
}

// joined signs people up, a second after one another, and brings the tables up to date.
func (h *house) joined(people ...string) {
	h.t.Helper()
	for _, person := range people {
		h.pass(time.Second)
		first, last, _ := strings.Cut(person, " ")
		address := strings.NewReplacer("ë", "e", "ä", "ae", "Ä", "ae").Replace(first + "." + last)
		body := fmt.Sprintf(`{"email":"%s@example.org","password":"correct horse","first_name":%q,"last_name":%q}`, address, first, last)
		h.onboarded(h.call(http.MethodPost, "/users", body).want(http.StatusCreated).string("id"))
	}
	h.project()
}

// names are those on the pages of a list, two on each.
func (h *house) names(bearer string, query url.Values) (names []string) {
	h.t.Helper()
	query = url.Values{"prefix": query["prefix"], "status": query["status"], "role": query["role"], "limit": {"2"}}
	for more := true; more; {
		list := h.call(http.MethodGet, "/users?"+query.Encode(), "", "Authorization", bearer).want(http.StatusOK)
		items, _ := list.json("items").([]any)
		if len(items) > 2 {
			h.t.Fatalf("too many: %s", list.text)
		}
		for _, item := range items {
			user, _ := item.(map[string]any)
			first, _ := user["first_name"].(string)
			last, _ := user["last_name"].(string)
			names = append(names, strings.TrimSpace(first+" "+last))
		}
		var next string
		next, more = list.json("next_cursor").(string)
		query.Set("cursor", next)
	}
	return names
}

func TestUsersAreListedFilteredAndSearched(t *testing.T) {
	h := newHouse(t)
	bearer := h.administrator()
	h.joined("Ann Lee", "Bob Ann", "Zoë Ännlee", "Carl 100%", "Dan O_Neil", "Eve O.Neil")
	const root = "" // has no name
	for query, want := range map[string][]string{
		"":                            {"Eve O.Neil", "Dan O_Neil", "Carl 100%", "Zoë Ännlee", "Bob Ann", "Ann Lee", root},
		"prefix=":                     {"Eve O.Neil", "Dan O_Neil", "Carl 100%", "Zoë Ännlee", "Bob Ann", "Ann Lee", root},
		"prefix=ANN":                  {"Bob Ann", "Ann Lee"}, // ann bob, ann lee
		"prefix=ann+l":                {"Ann Lee"},
		"prefix=lee+A":                {"Ann Lee"},
		"prefix=zo%C3%AB":             {"Zoë Ännlee"},
		"prefix=ZOE%CC%88":            {"Zoë Ännlee"}, // composed differently
		"prefix=zoe":                  {"Zoë Ännlee"}, // by the address
		"prefix=ann.LEE@":             {"Ann Lee"},
		"prefix=%25":                  nil,
		"prefix=100%25":               {"Carl 100%"},
		"prefix=o_":                   {"Dan O_Neil"},
		"prefix=o.":                   {"Eve O.Neil"},
		"prefix=.*":                   nil,
		"prefix=ann&status=ACTIVE":    nil,
		"status=ACTIVE":               {root},
		"status=INACTIVE":             nil,
		"role=admin":                  {root},
		"role=viewer":                 nil,
		"role=admin&prefix=root":      {root},
		"role=admin&status=ACTIVE":    {root},
		"prefix=r&role=nobody":        nil,
		"status=PENDING_VERIFICATION": {"Eve O.Neil", "Dan O_Neil", "Carl 100%", "Zoë Ännlee", "Bob Ann", "Ann Lee"},
	} {
		parsed, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.names(bearer, parsed); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func TestAListRefusesWhatItDoesNotUnderstand(t *testing.T) {
	h := newHouse(t)
	bearer := h.administrator()
	h.joined("Ann Lee", "Anna Lee", "Anne Lee")
	cursorOf := func(query string) string {
		return url.QueryEscape(h.call(http.MethodGet, "/users?limit=1&"+query, "", "Authorization", bearer).want(http.StatusOK).string("next_cursor"))
	}
	all, anns := cursorOf(""), cursorOf("prefix=an")
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=201": "limit", "limit=x": "limit", "limit=": "limit", "limit=1&limit=2": "limit",
		"status=active": "status", "status=ERASED": "status", "status=ABORTED": "status", "prefix=a&prefix=b": "prefix",
		"prefix=" + strings.Repeat("a", 255): "prefix", "prefix=%00": "prefix", "prefix=%ff": "prefix", "prefix=a%0Ab": "prefix",
		"prefix=%zz": "query", "prefix=%E2%80%AE": "prefix", "role=%00": "role",
		"cursor=": "cursor", "cursor=junk": "cursor", "cursor=" + all + "A": "cursor",
		"prefix=an&cursor=" + all: "cursor", "cursor=" + anns: "cursor", "prefix=ann&cursor=" + anns: "cursor",
		"prefix=an&status=ACTIVE&cursor=" + anns: "cursor", "role=admin&cursor=" + all: "cursor",
	} {
		h.call(http.MethodGet, "/users?"+query, "", "Authorization", bearer).field(field)
	}
	for _, query := range []string{"limit=200&cursor=" + all, "prefix=an&limit=3&cursor=" + anns, "prefix=" + strings.Repeat("%C3%A9", 254)} {
		h.call(http.MethodGet, "/users?"+query, "", "Authorization", bearer).want(http.StatusOK)
	}
	h.call(http.MethodGet, "/sessions?cursor="+all, "", "Authorization", bearer).field("cursor")
}

func TestAListIncludesTheWritesOfItsToken(t *testing.T) {
	h := newHouse(t)
	bearer := h.administrator()
	h.joined("Ann Lee")
	token := h.call(http.MethodPost, "/users", ada).want(http.StatusCreated).header.Get("Consistency-Token")
	h.call(http.MethodGet, "/users", "", "Authorization", bearer, "Consistency-Token", token, "Prefer", "wait=1").
		problem(http.StatusServiceUnavailable, "projection.behind")
	h.project()
	list := h.call(http.MethodGet, "/users?prefix=ada", "", "Authorization", bearer, "Consistency-Token", token, "Prefer", "wait=1").want(http.StatusOK)
	if items, _ := list.json("items").([]any); len(items) != 1 {
		t.Errorf("got %s, want Ada", list.text)
	}
	if list.header.Get("Projection-Position") == "" || list.header.Get("Preference-Applied") != "wait=1" {
		t.Errorf("headers %v", list.header)
	}
}

func TestAnybodysAccountAndProfileAreReadWithPermission(t *testing.T) {
	h := newHouse(t)
	bearer := h.administrator()
	user := h.verified()
	mine := h.login()
	h.onboarded(user)
	for _, path := range []string{"/users", "/users/" + user, "/users/" + user + "/profile"} {
		h.call(http.MethodGet, path, "").problem(http.StatusUnauthorized, "request.unauthenticated")
		h.call(http.MethodGet, path, "", "Authorization", mine).problem(http.StatusForbidden, "roles.permission-denied")
	}
	aborted := domain.ID{0: 1, 15: 9}
	for range 2 { // folded, then read
		account := h.call(http.MethodGet, "/users/"+user, "", "Authorization", bearer).want(http.StatusOK)
		if account.string("email") != "Ada@example.org" || account.string("status") != "ACTIVE" || account.header.Get("Etag") == "" {
			t.Errorf("got %s %v", account.text, account.header)
		}
		profile := h.call(http.MethodGet, "/users/"+user+"/profile", "", "Authorization", bearer).want(http.StatusOK)
		if profile.string("first_name") != "Ada" || profile.string("user_id") != user || profile.header.Get("Etag") != `"0"` {
			t.Errorf("got %s %v", profile.text, profile.header)
		}
		h.call(http.MethodGet, "/users/"+aborted.String(), "", "Authorization", bearer).problem(http.StatusNotFound, "account.not-found")
		h.call(http.MethodGet, "/users/"+aborted.String()+"/profile", "", "Authorization", bearer).problem(http.StatusNotFound, "profile.not-found")
		h.project()
	}
	h.call(http.MethodGet, "/users/x", "", "Authorization", bearer).field("id")
}

func TestAListWithoutProfilesHasNoNames(t *testing.T) {
	h := newHouse(t, func(d *amhttp.Deps) { d.Modules = []amhttp.Module{amhttp.Account} })
	bearer := h.administrator()
	h.call(http.MethodPost, "/users", ada).want(http.StatusCreated) // and no profile
	h.project()
	if names := h.names(bearer, url.Values{"prefix": {"ada"}}); !slices.Equal(names, []string{""}) {
		t.Errorf("got %q, want Ada's account without her name", names)
	}
	h.call(http.MethodGet, "/users/"+domain.ID{15: 1}.String()+"/profile", "", "Authorization", bearer).want(http.StatusNotFound)
}
