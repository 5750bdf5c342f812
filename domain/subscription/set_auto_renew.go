package subscription

import (
	"time"

	"am-user-management/domain"
)

// SetAutoRenew says whether another period follows the present one.
type SetAutoRenew struct {
	UserID    domain.ID
	AutoRenew bool
	Now       time.Time
}

// Stream is the subscription's.
func (c SetAutoRenew) Stream() string { return StreamOf(c.UserID) }

// Decide notes the choice.
//
//	GIVEN a plan that is not over
//	THEN  what was due, AutoRenewChanged
//	ERROR ErrNotFound, ErrOver, ErrInTrial: a trial never renews
//	IDEMPOTENCY nothing but what was due when it is so
func (c SetAutoRenew) Decide(s State) ([]Event, error) {
	events, s := s.settled(c.Now)
	switch {
	case !s.Exists():
		return nil, ErrNotFound
	case s.Over != "":
		return nil, ErrOver
	case s.Trial:
		return nil, ErrInTrial
	case s.AutoRenew == c.AutoRenew:
		return events, nil
	}
	return append(events, AutoRenewChanged{UserID: c.UserID, AutoRenew: c.AutoRenew, At: c.Now}), nil
}
