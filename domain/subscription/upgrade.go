package subscription

import (
	"time"

	"am-user-management/domain"
)

// Upgrade moves a user to a plan at once.
type Upgrade struct {
	UserID domain.ID
	To     Terms
	// AutoRenew is the user's choice; nil leaves it as it is, and as Default where there was none.
	AutoRenew *bool
	Default   bool
	Now       time.Time
}

// Stream is the subscription's.
func (c Upgrade) Stream() string { return StreamOf(c.UserID) }

// Decide begins the first period of the plan now. A trial is over with it; what was scheduled is void.
//
//	GIVEN a lower plan, a trial, or nothing that runs: then every plan will do
//	THEN  what was due, PlanUpgraded
//	ERROR ErrNotAnUpgrade from a plan of the same rank or above
//	IDEMPOTENCY nothing but what was due, and AutoRenewChanged if that is chosen anew, when the user is on the plan
func (c Upgrade) Decide(s State) ([]Event, error) {
	events, s := s.settled(c.Now)
	upgraded := PlanUpgraded{
		UserID: c.UserID, To: c.To, AutoRenew: c.Default, At: c.Now, EndsAt: monthsAfter(c.Now, c.To.Interval.months()),
	}
	if s.Exists() && s.Over == "" {
		switch {
		case s.Trial:
		case s.Terms.PlanID == c.To.PlanID:
			return c.stay(s, events), nil
		case c.To.Rank <= s.Terms.Rank:
			return nil, ErrNotAnUpgrade
		default:
			upgraded.AutoRenew = s.AutoRenew
		}
		upgraded.From = s.Terms.PlanID
	}
	if c.AutoRenew != nil {
		upgraded.AutoRenew = *c.AutoRenew
	}
	return append(events, upgraded), nil
}

// stay keeps the plan, and takes over what was chosen besides.
func (c Upgrade) stay(s State, events []Event) []Event {
	if c.AutoRenew == nil || *c.AutoRenew == s.AutoRenew {
		return events
	}
	return append(events, AutoRenewChanged{UserID: c.UserID, AutoRenew: *c.AutoRenew, At: c.Now})
}
