package subscription

import (
	"time"

	"am-user-management/domain"
)

// Resume takes back what was scheduled for the end of the period: a cancellation, or a downgrade.
type Resume struct {
	UserID domain.ID
	Now    time.Time
}

// Stream is the subscription's.
func (c Resume) Stream() string { return StreamOf(c.UserID) }

// Decide lets the subscription go on as it is.
//
//	GIVEN something scheduled that has not happened
//	THEN  what was due, SubscriptionResumed
//	ERROR ErrNotFound; ErrOver when it has happened
//	IDEMPOTENCY nothing but what was due when nothing is scheduled
func (c Resume) Decide(s State) ([]Event, error) {
	events, s := s.settled(c.Now)
	switch {
	case !s.Exists():
		return nil, ErrNotFound
	case s.Over != "":
		return nil, ErrOver
	case !s.CancelAtPeriodEnd && s.Next == nil:
		return events, nil
	}
	return append(events, SubscriptionResumed{UserID: c.UserID, At: c.Now}), nil
}
