package trial

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to the trial of one person.
//
//sumtype:decl
type Event interface {
	domain.Event
	trial()
}

// TrialClaimed gives the trial to one account.
type TrialClaimed struct {
	Owner     domain.ID `json:"owner"`
	ClaimedAt time.Time `json:"claimed_at"`
}

// EventType is the name on the wire.
func (TrialClaimed) EventType() string { return "trial.trial_claimed.v1" }

func (TrialClaimed) trial() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{TrialClaimed{}}
