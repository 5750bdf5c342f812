// Package email guards that an address belongs to one account. Every address has a stream of its own, named by a
// keyed hash of its normalised form; whoever stores EmailClaimed there first has it. It imports domain and the
// standard library only.
package email

import (
	"time"

	"am-user-management/domain"
)

// ErrTaken: the address belongs to another account.
var ErrTaken = &domain.Error{Kind: domain.Conflict, Code: "email.taken", Title: "The e-mail address is taken."}

// StreamOf names the stream of an address by its key: the hex HMAC of the normalised address.
func StreamOf(key string) string { return "email-" + key }

// State is what events add up to. Its zero value is a free address.
type State struct {
	// Owner is who claimed the address; zero for nobody.
	Owner     domain.ID
	ClaimedAt time.Time
}

// Claimed reports whether somebody has the address.
func (s State) Claimed() bool { return !s.Owner.IsZero() }

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case EmailClaimed:
		s.Owner, s.ClaimedAt = e.Owner, e.ClaimedAt
	case EmailReleased:
		s = State{}
	}
	return s
}
