package roles

import (
	"slices"
	"strings"
)

// wildcard stands for every resource or every action.
const wildcard = "*"

// everything is the permission that covers all others.
const everything = wildcard + ":" + wildcard

// Allows reports whether one of the granted permissions covers the wanted one. Text that is not resource:action is
// covered by nothing and covers nothing. A wanted wildcard is covered by a granted wildcard only.
func Allows(granted []string, wanted string) bool {
	return slices.ContainsFunc(granted, func(permission string) bool { return covers(permission, wanted) })
}

// Covers reports whether each of the wanted permissions is covered by one of the granted.
func Covers(granted, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(permission string) bool { return !Allows(granted, permission) })
}

func covers(granted, wanted string) bool {
	resource, action, ok := strings.Cut(granted, ":")
	wantedResource, wantedAction, wantedOK := strings.Cut(wanted, ":")
	if !ok || !wantedOK || wantedResource == "" || wantedAction == "" {
		return false
	}
	return (resource == wildcard || resource == wantedResource) && (action == wildcard || action == wantedAction)
}

// Grants is what a set of held roles permits, the shortest paths first.
type Grants []Grant

// Grant is one permission and the path of roles it comes by: from the held role to the role whose own it is.
type Grant struct {
	Permission string
	Via        []string // ids
}

// Resolve follows the held roles down what they inherit; all roles go by their ids. A role that is not defined permits
// nothing; one that is reached twice, in a circle or not, counts once, by its shortest path (the role held first, among
// equals).
func Resolve(definitions map[string]Definition, held []string) Grants {
	var grants Grants
	walk(definitions, held, func(path []string) {
		for _, permission := range definitions[path[len(path)-1]].Permissions {
			grants = append(grants, Grant{Permission: permission, Via: path})
		}
	})
	return grants
}

// Leads reports whether one of the roles is a certain other, or inherits it, however far around.
func Leads(definitions map[string]Definition, from []string, to string) bool {
	leads := false
	walk(definitions, from, func(path []string) { leads = leads || path[len(path)-1] == to })
	return leads
}

// walk visits each role that the held ones reach once, by the shortest path to it.
func walk(definitions map[string]Definition, held []string, visit func(path []string)) {
	seen := make(map[string]bool)
	var paths [][]string // to be followed, shortest first
	follow := func(path []string, ids []string) {
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				paths = append(paths, append(slices.Clip(path), id))
			}
		}
	}
	follow(nil, held)
	for len(paths) > 0 {
		path := paths[0]
		paths = paths[1:]
		visit(path)
		follow(path, definitions[path[len(path)-1]].Inherits)
	}
}

// Allow reports whether the wanted permission is granted, and the path of roles that grants it.
func (g Grants) Allow(wanted string) (via []string, ok bool) {
	for _, grant := range g {
		if covers(grant.Permission, wanted) {
			return grant.Via, true
		}
	}
	return nil, false
}

// Permissions are the granted permissions, sorted, each once.
func (g Grants) Permissions() []string {
	permissions := make([]string, 0, len(g))
	for _, grant := range g {
		permissions = append(permissions, grant.Permission)
	}
	return sortedSet(permissions)
}
