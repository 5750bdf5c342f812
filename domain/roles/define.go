package roles

import (
	"slices"
	"strings"
	"time"

	"am-user-management/domain"
)

const (
	maxName  = 64
	maxItems = 200

	nameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
)

// Define says what a role is from now on. Order and repetition of permissions and of inherited roles mean nothing.
// Inherited roles need not be defined yet: until they are, they permit nothing.
type Define struct {
	Name        string
	Permissions []string
	Inherits    []string
	// BuiltIn marks the program's own definition; it never replaces what a person defined.
	BuiltIn bool
	Now     time.Time
}

// Stream is the role's.
func (c Define) Stream() string { return StreamOf(c.Name) }

// Decide defines the role.
//
//	THEN  RoleDefined
//	ERROR ErrInvalid with fields
//	IDEMPOTENCY nothing when the role is so already, and for a built-in definition of a role that a person defined
func (c Define) Decide(d Definition) ([]Event, error) {
	if err := c.faults().Err(); err != nil {
		return nil, err
	}
	event := RoleDefined{
		Name: c.Name, Permissions: sortedSet(c.Permissions), Inherits: sortedSet(c.Inherits),
		BuiltIn: c.BuiltIn, At: c.Now,
	}
	same := slices.Equal(d.Permissions, event.Permissions) && slices.Equal(d.Inherits, event.Inherits)
	if d.Exists() && (same || c.BuiltIn && !d.BuiltIn) {
		return nil, nil
	}
	return []Event{event}, nil
}

func (c Define) faults() domain.Faults {
	var faults domain.Faults
	if !validName(c.Name) {
		faults.Add("name", "must be 1 to 64 lower-case letters, digits, hyphens and underscores")
	}
	switch {
	case len(c.Permissions) > maxItems:
		faults.Add("permissions", "must be at most 200")
	case slices.ContainsFunc(c.Permissions, malformed):
		faults.Add("permissions", "must each be resource:action, or * for either part")
	}
	switch {
	case len(c.Inherits) > maxItems:
		faults.Add("inherits", "must be at most 200")
	case slices.Contains(c.Inherits, c.Name):
		faults.Add("inherits", "must not name the role itself")
	case slices.ContainsFunc(c.Inherits, func(name string) bool { return !validName(name) }):
		faults.Add("inherits", "must each be the name of a role")
	}
	return faults
}

func validName(name string) bool {
	return name != "" && len(name) <= maxName && strings.Trim(name, nameCharacters) == ""
}

func malformed(permission string) bool {
	resource, action, ok := strings.Cut(permission, ":")
	return !ok || !validName(resource) && resource != wildcard || !validName(action) && action != wildcard
}

func sortedSet(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
