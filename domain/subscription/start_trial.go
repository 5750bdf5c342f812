package subscription

import (
	"time"

	"am-user-management/domain"
)

// StartTrial lets a user try a plan for some days. Whoever sends it made sure that the person had no trial under another
// account.
type StartTrial struct {
	UserID domain.ID
	PlanID string
	Days   int // of 24 hours, at least 1: a setting, checked when the program starts
	// From is when the trial begins; Now is when it is asked for.
	From time.Time
	Now  time.Time
}

// Stream is the subscription's.
func (c StartTrial) Stream() string { return StreamOf(c.UserID) }

// Decide starts the trial.
//
//	GIVEN no subscription
//	THEN  TrialStarted
//	ERROR ErrTrialUsed when there ever was one: nobody gets a second trial, or one after a plan
//	IDEMPOTENCY nothing while the trial runs
func (c StartTrial) Decide(s State) ([]Event, error) {
	switch {
	case s.Trial && s.StatusAt(c.Now) == Active:
		return nil, nil
	case s.Exists():
		return nil, ErrTrialUsed
	}
	return []Event{TrialStarted{
		UserID: c.UserID, PlanID: c.PlanID,
		StartedAt: c.From, EndsAt: c.From.Add(time.Duration(c.Days) * 24 * time.Hour),
	}}, nil
}
