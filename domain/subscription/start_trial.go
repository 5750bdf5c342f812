package subscription

import (
	"time"

	"am-user-management/domain"
)

// StartTrial lets a user try a plan for some days.
type StartTrial struct {
	UserID domain.ID
	PlanID string
	Days   int // of 24 hours, at least 1: a setting, checked when the program starts
	Now    time.Time
}

// Stream is the subscription's.
func (c StartTrial) Stream() string { return StreamOf(c.UserID) }

// Decide starts the trial.
//
//	GIVEN no subscription
//	THEN  TrialStarted
//	IDEMPOTENCY nothing when the user ever had one: nobody gets a second trial
func (c StartTrial) Decide(s State) ([]Event, error) {
	if s.Exists() {
		return nil, nil
	}
	return []Event{TrialStarted{
		UserID: c.UserID, PlanID: c.PlanID,
		StartedAt: c.Now, EndsAt: c.Now.Add(time.Duration(c.Days) * 24 * time.Hour),
	}}, nil
}
