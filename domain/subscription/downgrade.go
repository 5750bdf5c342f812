package subscription

import (
	"time"

	"am-user-management/domain"
)

// Downgrade moves a user to another plan when the present period ends.
type Downgrade struct {
	UserID domain.ID
	To     Terms
	Now    time.Time
}

// Stream is the subscription's.
func (c Downgrade) Stream() string { return StreamOf(c.UserID) }

// Decide notes the plan of the next period. A later one takes its place.
//
//	GIVEN a plan that is not below, and a next period
//	THEN  what was due, DowngradeScheduled
//	ERROR ErrNotFound, ErrOver, ErrInTrial, ErrNotRenewing, ErrNotADowngrade
//	IDEMPOTENCY nothing but what was due when the same terms are noted
func (c Downgrade) Decide(s State) ([]Event, error) {
	events, s := s.settled(c.Now)
	switch {
	case !s.Exists():
		return nil, ErrNotFound
	case s.Over != "":
		return nil, ErrOver
	case s.Trial:
		return nil, ErrInTrial
	case s.CancelAtPeriodEnd || !s.AutoRenew:
		return nil, ErrNotRenewing
	case c.To.PlanID == s.Terms.PlanID || c.To.Rank > s.Terms.Rank:
		return nil, ErrNotADowngrade
	case s.Next != nil && *s.Next == c.To:
		return events, nil
	}
	return append(events, DowngradeScheduled{UserID: c.UserID, To: c.To, At: c.Now, EffectiveAt: s.ExpiresAt}), nil
}
