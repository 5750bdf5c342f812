package roles_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"am-user-management/domain/roles"
)

func TestAllows(t *testing.T) {
	for _, c := range []struct {
		granted []string
		wanted  string
		want    bool
	}{
		{nil, "user:read", false},
		{[]string{"user:read"}, "user:read", true},
		{[]string{"user:read"}, "user:list", false},
		{[]string{"user:read"}, "users:read", false},
		{[]string{"role:read", "user:*"}, "user:read", true},
		{[]string{"user:*"}, "role:read", false},
		{[]string{"*:read"}, "role:read", true},
		{[]string{"*:read"}, "role:assign", false},
		{[]string{"*:*"}, "role:assign", true},
		{[]string{"user:*"}, "user:*", true},
		{[]string{"*:*"}, "*:*", true},
		{[]string{"user:read"}, "user:*", false},
		{[]string{"user:*"}, "*:*", false},
		{[]string{"*:*"}, "", false},
		{[]string{"*:*"}, "user", false},
		{[]string{"*:*"}, ":read", false},
		{[]string{"*:*"}, "user:", false},
		{[]string{"*", "user", ""}, "user:read", false},
		{[]string{"user:"}, "user:read", false},
		{[]string{"user:read"}, "USER:READ", false},
	} {
		if got := roles.Allows(c.granted, c.wanted); got != c.want {
			t.Errorf("%q allow %q: %v, want %v", c.granted, c.wanted, got, c.want)
		}
	}
}

func TestCovers(t *testing.T) {
	held := []string{"user:*", "role:read"}
	if !roles.Covers(held, nil) || !roles.Covers(held, []string{"user:read", "role:read"}) || roles.Covers(held, []string{"user:read", "role:*"}) {
		t.Error("what is covered is each of the wanted")
	}
}

func TestLeads(t *testing.T) {
	definitions := map[string]roles.Definition{
		"a": {Name: "a", Inherits: []string{"b"}}, "b": {Name: "b", Inherits: []string{"c#1"}},
		"yin": {Name: "yin", Inherits: []string{"yang"}}, "yang": {Name: "yang", Inherits: []string{"yin"}},
	}
	for _, c := range []struct {
		from, to string
		want     bool
	}{{"a", "a", true}, {"a", "b", true}, {"a", "c#1", true}, {"a", "c", false}, {"b", "a", false}, {"yin", "yin", true}, {"yin", "a", false}, {"ghost", "a", false}} {
		if got := roles.Leads(definitions, []string{c.from}, c.to); got != c.want {
			t.Errorf("%s to %s: %v", c.from, c.to, got)
		}
	}
}

func TestResolve(t *testing.T) {
	definitions := map[string]roles.Definition{
		"viewer":   {Name: "viewer", Permissions: []string{"page:read"}},
		"editor":   {Name: "editor", Permissions: []string{"page:write"}, Inherits: []string{"viewer"}},
		"admin":    {Name: "admin", Permissions: []string{"user:*"}, Inherits: []string{"editor", "ghost"}},
		"chief":    {Name: "chief", Inherits: []string{"admin", "viewer"}},
		"yin":      {Name: "yin", Permissions: []string{"dark:see"}, Inherits: []string{"yang"}},
		"reborn#1": {Name: "reborn", Permissions: []string{"new:see"}, Life: 1},
		"late":     {Name: "late", Inherits: []string{"reborn"}},
		"later":    {Name: "later", Inherits: []string{"reborn#1"}},
		"yang":     {Name: "yang", Permissions: []string{"light:see"}, Inherits: []string{"yin"}},
	}
	for name, c := range map[string]struct {
		held   []string
		wanted string
		via    []string
	}{
		"its own":                                     {[]string{"viewer"}, "page:read", []string{"viewer"}},
		"not what inherits it":                        {[]string{"viewer"}, "page:write", nil},
		"inherited over two roles":                    {[]string{"admin"}, "page:read", []string{"admin", "editor", "viewer"}},
		"by wildcard":                                 {[]string{"admin"}, "user:erase", []string{"admin"}},
		"by the shortest path":                        {[]string{"chief"}, "page:read", []string{"chief", "viewer"}},
		"by the shortest of two roles":                {[]string{"admin", "editor"}, "page:read", []string{"editor", "viewer"}},
		"a role in a circle":                          {[]string{"yin"}, "light:see", []string{"yin", "yang"}},
		"nothing from an inherited life that is over": {[]string{"late"}, "new:see", nil},
		"from the life that was meant":                {[]string{"later"}, "new:see", []string{"later", "reborn#1"}},
		"nothing from an undefined role":              {[]string{"ghost"}, "page:read", nil},
		"nothing without a role":                      {nil, "page:read", nil},
		"nothing that is not a permission":            {[]string{"admin"}, "user", nil},
	} {
		t.Run(name, func(t *testing.T) {
			via, ok := roles.Resolve(definitions, c.held).Allow(c.wanted)
			if ok != (c.via != nil) || !slices.Equal(via, c.via) {
				t.Errorf("got %v %q, want %q", ok, via, c.via)
			}
		})
	}
	want := []string{"page:read", "page:write", "user:*"}
	if got := roles.Resolve(definitions, []string{"chief", "editor"}).Permissions(); !slices.Equal(got, want) {
		t.Errorf("permissions %q, want %q", got, want)
	}
}

// Whatever the roles inherit from each other, circles and gaps included: what is granted is what can be reached, and
// each path leads from a held role along what is inherited to a role that has the permission itself.
func TestResolveOnAnyHierarchy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("r%d", rapid.IntRange(0, 7).Draw(t, "role")) })
		definitions := make(map[string]roles.Definition)
		for _, role := range rapid.SliceOfDistinct(name, rapid.ID[string]).Draw(t, "defined") {
			definitions[role] = roles.Definition{
				Name: role, Permissions: []string{role + ":use"}, Inherits: rapid.SliceOf(name).Draw(t, "inherits"),
			}
		}
		held := rapid.SliceOf(name).Draw(t, "held")

		reachable := make(map[string]bool)
		for _, role := range held {
			reachable[role] = true
		}
		for range 8 {
			for role := range reachable {
				for _, inherited := range definitions[role].Inherits {
					reachable[inherited] = true
				}
			}
		}

		grants := roles.Resolve(definitions, held)
		for i := range 8 {
			role := fmt.Sprintf("r%d", i)
			via, ok := grants.Allow(role + ":use")
			if want := reachable[role] && definitions[role].Exists(); ok != want {
				t.Fatalf("%s: granted %v, want %v", role, ok, want)
			}
			if !ok {
				continue
			}
			if !slices.Contains(held, via[0]) || via[len(via)-1] != role {
				t.Fatalf("%s: path %q does not lead from a held role to it", role, via)
			}
			for i := 1; i < len(via); i++ {
				if !slices.Contains(definitions[via[i-1]].Inherits, via[i]) {
					t.Fatalf("%s: path %q has a gap", role, via)
				}
			}
		}
	})
}
