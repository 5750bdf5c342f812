package admins

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to the list.
//
//sumtype:decl
type Event interface {
	domain.Event
	admins()
}

// AdminListed counts a user as an administrator.
type AdminListed struct {
	UserID domain.ID `json:"user_id"`
	At     time.Time `json:"at"`
}

// AdminDelisted counts a user no more, because they are about to lose the role or the use of their account.
type AdminDelisted struct {
	UserID domain.ID `json:"user_id"`
	// AccessRevision is that of the user's access, AccountRevision that of their account, on which it was decided that
	// they lose it. One of them is set.
	AccessRevision  *uint64   `json:"access_revision,omitempty"`
	AccountRevision *uint64   `json:"account_revision,omitempty"`
	At              time.Time `json:"at"`
}

// EventType is the name on the wire.
func (AdminListed) EventType() string { return "admins.admin_listed.v1" }

// EventType is the name on the wire.
func (AdminDelisted) EventType() string { return "admins.admin_delisted.v1" }

func (AdminListed) admins()   {}
func (AdminDelisted) admins() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{AdminListed{}, AdminDelisted{}}
