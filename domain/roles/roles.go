// Package roles holds what roles are, and what follows for whoever holds them: permissions, wildcards, inheritance.
// Who holds which role is package access. It imports domain and the standard library only.
package roles

import (
	"slices"

	"am-user-management/domain"
)

// ErrPermissionDenied: the caller holds no role that permits it.
var ErrPermissionDenied = &domain.Error{
	Kind: domain.Forbidden, Code: "roles.permission-denied", Title: "You are not permitted to do this.",
}

// StreamOf names the stream of a role.
func StreamOf(name string) string { return "role-" + name }

// Definition is what events add up to. Its zero value is "no such role".
type Definition struct {
	Name        string
	Permissions []string
	Inherits    []string
	BuiltIn     bool
}

// Exists reports whether the role was defined.
func (d Definition) Exists() bool { return d.Name != "" }

// Evolve returns the definition after e. It cannot fail: e already happened.
func (d Definition) Evolve(e Event) Definition {
	switch e := e.(type) {
	case RoleDefined:
		d = Definition{
			Name: e.Name, Permissions: slices.Clone(e.Permissions), Inherits: slices.Clone(e.Inherits),
			BuiltIn: e.BuiltIn,
		}
	}
	return d
}
