package roles_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/roles"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[roles.Definition, roles.Event]
	Event = roles.Event
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestDefine(t *testing.T) {
	defined := roles.RoleDefined{
		Name: "support", Permissions: []string{"user:list", "user:read"}, Inherits: []string{"viewer"}, At: noon,
	}
	byProgram := roles.RoleDefined{Name: "support", Permissions: []string{"user:*"}, BuiltIn: true, At: noon}
	byNewer := roles.RoleDefined{Name: "support", Permissions: []string{"*:*"}, BuiltIn: true, At: noon}

	define := roles.Define{
		Name: "support", Permissions: []string{"user:read", "user:list", "user:read"},
		Inherits: []string{"viewer", "viewer"}, Now: noon,
	}
	program := roles.Define{Name: "support", Permissions: []string{"user:*"}, BuiltIn: true, Now: noon}
	newer := roles.Define{Name: "support", Permissions: []string{"*:*"}, BuiltIn: true, Now: noon}
	empty := roles.Define{Name: "support", Now: noon}
	with := func(permissions ...string) roles.Define {
		return roles.Define{Name: "support", Permissions: permissions, Now: noon}
	}
	inherits := func(names ...string) roles.Define {
		return roles.Define{Name: "support", Inherits: names, Now: noon}
	}
	invalid := func(c roles.Define, field string) Case {
		return Case{When: c, Err: domain.ErrInvalid, Fields: []string{field}}
	}

	deleted := roles.RoleDeleted{Name: "support", At: noon}
	reborn := define
	reborn.IDs = map[string]string{"viewer": "viewer#2", "other": "other#1"}
	definedAnew := defined
	definedAnew.Inherits = []string{"viewer#2"}
	admin := roles.Define{Name: roles.Admin, Permissions: []string{"*:*"}, Inherits: []string{"viewer"}, Now: noon}
	weak := roles.Define{Name: roles.Admin, Permissions: []string{"user:*", "role:*"}, Now: noon}

	estest.Run(t, roles.Events, map[string]Case{
		"the program leaves what a person deleted": {Given: []Event{byProgram, deleted}, When: program},
		"a person may define it anew":              {Given: []Event{byProgram, deleted}, When: define, Then: []Event{defined}},
		"inherits a role in the life it is in":     {When: reborn, Then: []Event{definedAnew}},
		"inherits it anew when it was deleted":     {Given: []Event{defined}, When: reborn, Then: []Event{definedAnew}},
		"inherits it in one life once":             {Given: []Event{definedAnew}, When: reborn},
		"an admin may inherit": {When: admin, Then: []Event{roles.RoleDefined{
			Name: roles.Admin, Permissions: []string{"*:*"}, Inherits: []string{"viewer"}, At: noon,
		}}},
		"an admin keeps being permitted everything": {When: weak, Err: roles.ErrAdminProtected},
		"defines a role, sorted and each once":      {When: define, Then: []Event{defined}},
		"defines nothing twice":                     {Given: []Event{defined}, When: define},
		"defines a role that permits nothing":       {When: empty, Then: []Event{roles.RoleDefined{Name: "support", At: noon}}},
		"replaces the whole definition": {
			Given: []Event{defined}, When: empty, Then: []Event{roles.RoleDefined{Name: "support", At: noon}},
		},
		"the program may change what it defined":       {Given: []Event{byProgram}, When: newer, Then: []Event{byNewer}},
		"a person may change what the program defined": {Given: []Event{byProgram}, When: define, Then: []Event{defined}},
		"the program leaves what a person defined":     {Given: []Event{byProgram, defined}, When: program},

		"refuses a role without name":         invalid(roles.Define{Now: noon}, "name"),
		"refuses a name with capitals":        invalid(roles.Define{Name: "Admin"}, "name"),
		"refuses a long name":                 invalid(roles.Define{Name: strings.Repeat("a", 65)}, "name"),
		"refuses a permission without action": invalid(with("user"), "permissions"),
		"refuses a permission of three parts": invalid(with("user:read:all"), "permissions"),
		"refuses a half wildcard":             invalid(with("user:re*"), "permissions"),
		"refuses an empty resource":           invalid(with(":read"), "permissions"),
		"refuses too many permissions":        invalid(with(make([]string, 201)...), "permissions"),
		"refuses to inherit itself":           invalid(inherits("support"), "inherits"),
		"refuses to inherit what has no name": invalid(inherits(""), "inherits"),
		"refuses to inherit too many":         invalid(inherits(make([]string, 201)...), "inherits"),
	})
}

func TestBuiltIn(t *testing.T) {
	definitions := make(map[string]roles.Definition)
	hierarchy := map[string][]string{"admin": {"editor"}, "editor": {"viewer"}, "root": {"admin", "auditor"}, "x": {"y"}}
	for _, command := range roles.BuiltIn(hierarchy) {
		events, err := command.Decide(roles.Definition{})
		if err != nil || len(events) != 1 || !command.BuiltIn {
			t.Fatalf("%s: %v %v", command.Name, events, err)
		}
		definitions[command.Name] = roles.Definition{}.Evolve(events[0])
	}
	everything := strings.Fields(`user:create user:list user:read user:manage user:erase user:import role:read role:assign
		role:manage permission:check plan:manage audit:read ops:read ops:manage`)
	for name, want := range map[string][]string{
		"viewer":  nil,
		"editor":  {"user:list", "user:read"},
		"auditor": {"user:read", "role:read", "audit:read", "ops:read"},
		"admin":   everything,
		"root":    everything,
		"x":       nil,
		"y":       nil,
	} {
		t.Run(name, func(t *testing.T) {
			if !definitions[name].Exists() {
				t.Fatal("not defined")
			}
			grants := roles.Resolve(definitions, []string{name})
			for _, permission := range everything {
				if _, ok := grants.Allow(permission); ok != slices.Contains(want, permission) {
					t.Errorf("%s: %v", permission, ok)
				}
			}
		})
	}
	if len(definitions) != 7 {
		t.Errorf("%d definitions, want 7", len(definitions))
	}
}

func TestAnIDIsUsedOnce(t *testing.T) {
	defined, deleted := roles.RoleDefined{Name: "support"}, roles.RoleDeleted{Name: "support"}
	var d roles.Definition
	for _, want := range []string{"support", "support#1", "support#2"} {
		if d = d.Evolve(defined).Evolve(defined); d.ID() != want || roles.NameOf(d.ID()) != "support" {
			t.Errorf("id %s, want %s", d.ID(), want)
		}
		if d = d.Evolve(deleted); d.Exists() {
			t.Error("a deleted role is defined")
		}
	}
}

func TestDelete(t *testing.T) {
	defined := roles.RoleDefined{Name: "support", Permissions: []string{"user:read"}, At: noon}
	deleted := roles.RoleDeleted{Name: "support", At: noon}
	remove := roles.Delete{Name: "support", Now: noon}
	byDefault := roles.Delete{Name: "support", Default: true, Now: noon}
	admin := roles.RoleDefined{Name: roles.Admin, Permissions: []string{"*:*"}, BuiltIn: true, At: noon}
	estest.Run(t, roles.Events, map[string]Case{
		"deletes a role":                    {Given: []Event{defined}, When: remove, Then: []Event{deleted}},
		"deletes a role of that name again": {Given: []Event{defined, deleted, defined}, When: remove, Then: []Event{deleted}},
		"not what was never defined":        {When: remove, Err: roles.ErrNotFound},
		"not what was deleted":              {Given: []Event{defined, deleted}, When: remove, Err: roles.ErrNotFound},
		"not the default role":              {Given: []Event{defined}, When: byDefault, Err: roles.ErrDefault},
		"never the role admin":              {Given: []Event{admin}, When: roles.Delete{Name: roles.Admin, Now: noon}, Err: roles.ErrAdminProtected},
	})
}

func TestStream(t *testing.T) {
	if got := (roles.Define{Name: "support"}).Stream(); got != "role-support" {
		t.Error(got)
	}
}
