package subscription

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to a subscription.
//
//sumtype:decl
type Event interface {
	domain.Event
	subscription()
}

// TrialStarted opens the one trial that a user gets.
type TrialStarted struct {
	UserID    domain.ID `json:"user_id"`
	PlanID    string    `json:"plan_id"`
	StartedAt time.Time `json:"started_at"`
	EndsAt    time.Time `json:"ends_at"`
}

// EventType is the name on the wire.
func (TrialStarted) EventType() string { return "subscription.trial_started.v1" }

func (TrialStarted) subscription() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{TrialStarted{}}
