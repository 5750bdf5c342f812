package roles

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to a role.
//
//sumtype:decl
type Event interface {
	domain.Event
	roles()
}

// RoleDefined says what a role is from now on: all of it, not only what changed.
type RoleDefined struct {
	Name string `json:"name"`
	// Permissions are the role's own, "resource:action" with "*" for any; sorted.
	Permissions []string `json:"permissions,omitempty"`
	// Inherits are the ids of the roles whose permissions it has as well; sorted.
	Inherits []string `json:"inherits,omitempty"`
	// BuiltIn tells that the program's own list defined it, not a person.
	BuiltIn bool      `json:"built_in,omitzero"`
	At      time.Time `json:"at"`
}

// RoleDeleted ends a role for all who hold it. A role that is defined under its name later is another one.
type RoleDeleted struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// EventType is the name on the wire.
func (RoleDefined) EventType() string { return "roles.role_defined.v1" }

// EventType is the name on the wire.
func (RoleDeleted) EventType() string { return "roles.role_deleted.v1" }

func (RoleDefined) roles() {}
func (RoleDeleted) roles() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{RoleDefined{}, RoleDeleted{}}
