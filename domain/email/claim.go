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
	Now         time.Time
}

// Stream is the address's.
func (c Claim) Stream() string { return StreamOf(c.Key) }

// Decide takes the address.
//
//	GIVEN a free address
//	THEN  EmailClaimed
//	ERROR ErrTaken when another account has it
//	IDEMPOTENCY nothing when the owner has it
func (c Claim) Decide(s State) ([]Event, error) {
	switch {
	case s.Owner == c.Owner && s.Claimed():
		return nil, nil
	case s.Claimed():
		return nil, ErrTaken
	}
	return []Event{EmailClaimed{Owner: c.Owner, NormVersion: c.NormVersion, ClaimedAt: c.Now}}, nil
}
