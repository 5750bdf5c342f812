// Package access holds which roles a user holds and until when. What a role permits is package roles. It imports
// domain and the standard library only.
package access

import (
	"slices"
	"strings"
	"time"

	"am-user-management/domain"
)

// StreamOf names the stream of a user's access.
func StreamOf(userID domain.ID) string { return "access-" + userID.String() }

// State is what events add up to. Its zero value is "no roles".
type State struct {
	// Roles are sorted by name, each once. One that expired stays until it is revoked.
	Roles []Assignment
}

// Assignment is one role that a user holds.
type Assignment struct {
	// Role is the role's id, see roles.Definition.ID.
	Role string
	// ExpiresAt is when the role ends by itself; nil for never.
	ExpiresAt  *time.Time
	Reason     string
	AssignedAt time.Time
}

// HeldAt reports whether the role is still held at a time.
func (a Assignment) HeldAt(now time.Time) bool { return a.ExpiresAt == nil || now.Before(*a.ExpiresAt) }

// RolesAt names the roles that are held at a time, sorted.
func (s State) RolesAt(now time.Time) []string {
	var roles []string
	for _, assignment := range s.Roles {
		if assignment.HeldAt(now) {
			roles = append(roles, assignment.Role)
		}
	}
	return roles
}

// RolesUntil names the roles of those held at a time that are held until another one as well, or for good if that is
// nil; some tells that others are not.
func (s State) RolesUntil(now time.Time, until *time.Time) (roles []string, some bool) {
	for _, assignment := range s.Roles {
		switch {
		case !assignment.HeldAt(now):
		case assignment.ExpiresAt == nil, until != nil && !assignment.ExpiresAt.Before(*until):
			roles = append(roles, assignment.Role)
		default:
			some = true
		}
	}
	return roles, some
}

// HoldsForGood reports whether the role is held without an end.
func (s State) HoldsForGood(role string) bool {
	i, held := s.find(role)
	return held && s.Roles[i].ExpiresAt == nil
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case RoleAssigned:
		assignment := Assignment{Role: e.Role, ExpiresAt: e.ExpiresAt, Reason: e.Reason, AssignedAt: e.At}
		i, held := s.find(e.Role)
		s.Roles = slices.Clone(s.Roles)
		if held {
			s.Roles[i] = assignment
		} else {
			s.Roles = slices.Insert(s.Roles, i, assignment)
		}
	case RoleRevoked:
		if i, held := s.find(e.Role); held {
			s.Roles = slices.Delete(slices.Clone(s.Roles), i, i+1)
		}
	}
	return s
}

// find is where the role stands, or would stand.
func (s State) find(role string) (int, bool) {
	return slices.BinarySearchFunc(s.Roles, role, func(a Assignment, role string) int {
		return strings.Compare(a.Role, role)
	})
}
