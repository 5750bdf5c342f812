package email

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to the claim on one address.
//
//sumtype:decl
type Event interface {
	domain.Event
	email()
}

// EmailClaimed gives the address to one account.
type EmailClaimed struct {
	Owner domain.ID `json:"owner"`
	// NormVersion is the version of the normalisation that the stream's key was made with.
	NormVersion int       `json:"norm_version"`
	ClaimedAt   time.Time `json:"claimed_at"`
}

// EmailReleased frees the address.
type EmailReleased struct {
	Owner  domain.ID `json:"owner"`
	Reason string    `json:"reason,omitzero"`
	At     time.Time `json:"at"`
}

// EventType is the name on the wire.
func (EmailClaimed) EventType() string { return "email.email_claimed.v1" }

// EventType is the name on the wire.
func (EmailReleased) EventType() string { return "email.email_released.v1" }

func (EmailClaimed) email()  {}
func (EmailReleased) email() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{EmailClaimed{}, EmailReleased{}}
