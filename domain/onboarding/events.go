package onboarding

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to a user's onboarding.
//
//sumtype:decl
type Event interface {
	domain.Event
	onboarding()
}

// StepDone tells that a step which leaves no other trace in the log was done.
type StepDone struct {
	UserID domain.ID `json:"user_id"`
	Step   Step      `json:"step"`
	At     time.Time `json:"at"`
}

// EventType is the name on the wire.
func (StepDone) EventType() string { return "onboarding.step_done.v1" }

func (StepDone) onboarding() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{StepDone{}}
