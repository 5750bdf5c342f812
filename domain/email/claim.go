package email

import (
	"time"

	"am-user-management/domain"
)

// Claim takes an address for an account. The account commits to it afterwards; until then Release may undo it.
type Claim struct {
	Key         string
	Owner       domain.ID
	NormVersion int
	// Anew claims also what the owner has already, so that a release which looked before notices.
	Anew bool
	Now  time.Time
}

// Stream is the address's.
func (c Claim) Stream() string { return StreamOf(c.Key) }

// Decide takes the address.
//
//	GIVEN a free address, or one to claim anew that the owner has
//	THEN  EmailClaimed
//	ERROR ErrTaken when another account has it
//	IDEMPOTENCY nothing when the owner has it and does not claim it anew
func (c Claim) Decide(s State) ([]Event, error) {
	switch {
	case s.Claimed() && s.Owner != c.Owner:
		return nil, ErrTaken
	case s.Claimed() && !c.Anew:
		return nil, nil
	}
	return []Event{EmailClaimed{Owner: c.Owner, NormVersion: c.NormVersion, ClaimedAt: c.Now}}, nil
}
