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
// Inherited roles that are not defined permit nothing; whether they are is asked before.
type Define struct {
	Name        string
	Permissions []string
	Inherits    []string
	// IDs are those of the inherited roles whose id is not their name.
	IDs map[string]string
	// BuiltIn marks the program's own definition; it never replaces what a person defined.
	BuiltIn bool
	Now     time.Time
}

// Stream is the role's.
func (c Define) Stream() string { return StreamOf(c.Name) }

// Decide defines the role.
//
//	THEN  RoleDefined
//	ERROR ErrInvalid with fields; ErrAdminProtected for an admin who would not be permitted everything
//	IDEMPOTENCY nothing when the role is so already, and for a built-in definition of a role that a person defined
//	or deleted
func (c Define) Decide(d Definition) ([]Event, error) {
	if err := c.Faults().Err(); err != nil {
		return nil, err
	}
	if c.Name == Admin && !Allows(c.Permissions, everything) {
		return nil, ErrAdminProtected
	}
	event := RoleDefined{
		Name: c.Name, Permissions: sortedSet(c.Permissions), Inherits: sortedSet(c.inheritedIDs()),
		BuiltIn: c.BuiltIn, At: c.Now,
	}
	same := slices.Equal(d.Permissions, event.Permissions) && slices.Equal(d.Inherits, event.Inherits)
	touched := d.Exists() && !d.BuiltIn || !d.Exists() && d.Life > 0
	if d.Exists() && same || c.BuiltIn && touched {
		return nil, nil
	}
	return []Event{event}, nil
}

func (c Define) inheritedIDs() []string {
	ids := slices.Clone(c.Inherits)
	for i, name := range ids {
		if id, ok := c.IDs[name]; ok {
			ids[i] = id
		}
	}
	return ids
}

// Faults are what is wrong with the definition in itself.
func (c Define) Faults() domain.Faults {
	var faults domain.Faults
	if !ValidName(c.Name) {
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
	case slices.ContainsFunc(c.Inherits, func(name string) bool { return !ValidName(name) }):
		faults.Add("inherits", "must each be the name of a role")
	}
	return faults
}

// ValidName reports whether a role may have this name.
func ValidName(name string) bool {
	return name != "" && len(name) <= maxName && strings.Trim(name, nameCharacters) == ""
}

// WellFormed reports whether a text is a permission, resource:action with * for either part.
func WellFormed(permission string) bool { return !malformed(permission) }

func malformed(permission string) bool {
	resource, action, ok := strings.Cut(permission, ":")
	return !ok || !ValidName(resource) && resource != wildcard || !ValidName(action) && action != wildcard
}

func sortedSet(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
