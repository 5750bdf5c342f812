package roles

import "maps"

// The roles that BuiltIn defines in every installation.
const (
	Viewer  = "viewer"
	Editor  = "editor"
	Admin   = "admin"
	Auditor = "auditor"
)

// BuiltIn are the definitions that an installation starts with: the roles above, and those that the hierarchy names.
// The hierarchy says which roles a role inherits. A viewer may do nothing beyond what everybody may do about
// themselves; an admin may do everything, what other services ask about included: nobody else could define who may, since
// nobody can give what they lack. Definitions are sorted by name; the caller sets Now.
func BuiltIn(hierarchy map[string][]string) []Define {
	permissions := map[string][]string{
		Viewer:  nil,
		Editor:  {"user:list", "user:read"},
		Admin:   {everything},
		Auditor: {"audit:read", "ops:read", "role:read", "user:read"},
	}
	var names []string
	for name := range maps.Keys(permissions) {
		names = append(names, name)
	}
	for name, inherited := range hierarchy {
		names = append(append(names, name), inherited...)
	}
	var defines []Define
	for _, name := range sortedSet(names) {
		defines = append(defines, Define{
			Name: name, Permissions: permissions[name], Inherits: hierarchy[name], BuiltIn: true,
		})
	}
	return defines
}
