// Package roles holds what roles are, and what follows for whoever holds them: permissions, wildcards, inheritance.
// Who holds which role is package access. It imports domain and the standard library only.
package roles

import (
	"slices"
	"strconv"
	"strings"

	"am-user-management/domain"
)

// The rules of the module.
var (
	// ErrPermissionDenied: the caller holds no role that permits it.
	ErrPermissionDenied = &domain.Error{
		Kind: domain.Forbidden, Code: "roles.permission-denied", Title: "You are not permitted to do this.",
	}
	ErrNotFound = &domain.Error{
		Kind: domain.NotFound, Code: "roles.not-found", Title: "There is no such role.",
	}
	// ErrAdminProtected: an installation without the role could not be administered.
	ErrAdminProtected = &domain.Error{
		Kind: domain.Conflict, Code: "roles.admin-protected", Title: "The role admin cannot be deleted, and permits everything.",
	}
	// ErrDefault: new users are given the role.
	ErrDefault = &domain.Error{
		Kind: domain.Conflict, Code: "roles.is-default", Title: "The default role of new users cannot be deleted.",
	}
)

// StreamOf names the stream of a role.
func StreamOf(name string) string { return "role-" + name }

// Definition is what events add up to. Its zero value is "no such role".
type Definition struct {
	// Name is empty while the role is not defined: never, or not any more.
	Name        string
	Permissions []string
	Inherits    []string // ids
	BuiltIn     bool
	// Life counts how often a role of this name was deleted.
	Life int
}

// idMark stands in an id between the role's name and its life.
const idMark = "#"

// ID names the role in the one life that it is in, to those who hold or inherit it: the name in the first, and another
// text in each later one. A name that is used again brings nothing back.
func (d Definition) ID() string {
	if d.Life == 0 {
		return d.Name
	}
	return d.Name + idMark + strconv.Itoa(d.Life)
}

// NameOf is the name of the role with this id.
func NameOf(id string) string {
	name, _, _ := strings.Cut(id, idMark)
	return name
}

// Exists reports whether the role is defined.
func (d Definition) Exists() bool { return d.Name != "" }

// Evolve returns the definition after e. It cannot fail: e already happened.
func (d Definition) Evolve(e Event) Definition {
	switch e := e.(type) {
	case RoleDefined:
		d = Definition{
			Name: e.Name, Permissions: slices.Clone(e.Permissions), Inherits: slices.Clone(e.Inherits), BuiltIn: e.BuiltIn, Life: d.Life,
		}
	case RoleDeleted:
		d = Definition{Life: d.Life + 1}
	}
	return d
}
