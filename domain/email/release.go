package email

import (
	"time"

	"am-user-management/domain"
)

// Release gives an address back. Whoever sends it made sure that the owner's account does not, and will not, use it.
type Release struct {
	Key    string
	Owner  domain.ID
	Reason string
	Now    time.Time
}

// Stream is the address's.
func (c Release) Stream() string { return StreamOf(c.Key) }

// Decide frees the address.
//
//	GIVEN an address that the owner has
//	THEN  EmailReleased
//	IDEMPOTENCY nothing when it is free or another's
func (c Release) Decide(s State) ([]Event, error) {
	if !s.Claimed() || s.Owner != c.Owner {
		return nil, nil
	}
	return []Event{EmailReleased{Owner: c.Owner, Reason: c.Reason, At: c.Now}}, nil
}
