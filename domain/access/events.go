package access

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to what a user may do.
//
//sumtype:decl
type Event interface {
	domain.Event
	access()
}

// RoleAssigned gives a role to a user, or changes until when they hold it.
type RoleAssigned struct {
	UserID domain.ID `json:"user_id"`
	// Role is the role's id: a role that was deleted is held no more, also when its name is used again.
	Role string `json:"role"`
	// ExpiresAt is when the role ends by itself; nil for never.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Reason    string     `json:"reason,omitzero"`
	At        time.Time  `json:"at"`
}

// RoleRevoked takes a role from a user.
type RoleRevoked struct {
	UserID domain.ID `json:"user_id"`
	Role   string    `json:"role"`
	Reason string    `json:"reason,omitzero"`
	At     time.Time `json:"at"`
}

// EventType is the name on the wire.
func (RoleAssigned) EventType() string { return "access.role_assigned.v1" }

// EventType is the name on the wire.
func (RoleRevoked) EventType() string { return "access.role_revoked.v1" }

func (RoleAssigned) access() {}
func (RoleRevoked) access()  {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{RoleAssigned{}, RoleRevoked{}}
