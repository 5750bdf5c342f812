package subscription

import (
	"time"

	"am-user-management/domain"
)

// Settle records what was due by a time: the timer's command.
type Settle struct {
	UserID domain.ID
	Now    time.Time
}

// Stream is the subscription's.
func (c Settle) Stream() string { return StreamOf(c.UserID) }

// Decide records each end of a period that has passed, at its own instant: renewals that were missed one by one.
//
//	GIVEN a subscription that is not over
//	THEN  SubscriptionRenewed and PlanDowngraded as often as they were due, or SubscriptionExpired or Cancelled
//	IDEMPOTENCY nothing when nothing was due
func (c Settle) Decide(s State) ([]Event, error) {
	events, _ := s.settled(c.Now)
	return events, nil
}
