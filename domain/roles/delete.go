package roles

import "time"

// Delete ends a role, for everybody who holds or inherits it.
type Delete struct {
	Name string
	// Default tells that new users are given the role.
	Default bool
	Now     time.Time
}

// Stream is the role's.
func (c Delete) Stream() string { return StreamOf(c.Name) }

// Decide deletes the role.
//
//	GIVEN a role that is defined
//	THEN  RoleDeleted
//	ERROR ErrNotFound, ErrAdminProtected, ErrDefault
func (c Delete) Decide(d Definition) ([]Event, error) {
	switch {
	case !d.Exists():
		return nil, ErrNotFound
	case c.Name == Admin:
		return nil, ErrAdminProtected
	case c.Default:
		return nil, ErrDefault
	}
	return []Event{RoleDeleted{Name: c.Name, At: c.Now}}, nil
}
