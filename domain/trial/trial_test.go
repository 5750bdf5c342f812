package trial_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/trial"
	"am-user-management/internal/estest"
)

func TestClaim(t *testing.T) {
	type Event = trial.Event
	ann, bob, noon := domain.ID{1}, domain.ID{2}, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	by := func(owner domain.ID) trial.Claim { return trial.Claim{Key: "k", Owner: owner, Now: noon} }
	claimed := trial.TrialClaimed{Owner: ann, ClaimedAt: noon}
	estest.Run(t, trial.Events, map[string]estest.Case[trial.State, trial.Event]{
		"takes a trial that nobody had": {When: by(ann), Then: []Event{claimed}},
		"takes it once":                 {Given: []Event{claimed}, When: by(ann)},
		"never gives it to another":     {Given: []Event{claimed}, When: by(bob), Err: trial.ErrTaken},
	})
}

func TestStreamOf(t *testing.T) {
	if got := (trial.Claim{Key: "ab12"}).Stream(); got != "trial-ab12" {
		t.Error(got)
	}
}
