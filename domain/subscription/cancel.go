package subscription

import (
	"time"

	"am-user-management/domain"
)

// Cancel ends a subscription with its period, or at once.
type Cancel struct {
	UserID      domain.ID
	Immediately bool
	Now         time.Time
}

// Stream is the subscription's.
func (c Cancel) Stream() string { return StreamOf(c.UserID) }

// Decide cancels. It holds for a trial as well.
//
//	GIVEN a subscription that is not over
//	THEN  what was due, CancellationScheduled or SubscriptionCancelled
//	ERROR ErrNotFound; ErrOver when it has expired
//	IDEMPOTENCY nothing but what was due when it is cancelled, or will be
func (c Cancel) Decide(s State) ([]Event, error) {
	events, s := s.settled(c.Now)
	switch {
	case !s.Exists():
		return nil, ErrNotFound
	case s.Over == Expired:
		return nil, ErrOver
	case s.Over == Cancelled || s.CancelAtPeriodEnd && !c.Immediately:
		return events, nil
	case c.Immediately:
		return append(events, SubscriptionCancelled{UserID: c.UserID, PlanID: s.Terms.PlanID, At: c.Now}), nil
	}
	return append(events, CancellationScheduled{UserID: c.UserID, At: c.Now, EffectiveAt: s.ExpiresAt}), nil
}
