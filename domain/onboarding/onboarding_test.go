package onboarding_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/onboarding"
	"am-user-management/internal/estest"
)

func TestFinishStep(t *testing.T) {
	type Event = onboarding.Event
	ann, noon := domain.ID{1}, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	finish := func(step onboarding.Step) onboarding.FinishStep {
		return onboarding.FinishStep{UserID: ann, Step: step, Now: noon}
	}
	done := func(step onboarding.Step) Event { return onboarding.StepDone{UserID: ann, Step: step, At: noon} }
	estest.Run(t, onboarding.Events, map[string]estest.Case[onboarding.State, onboarding.Event]{
		"notes a step": {When: finish(onboarding.Mail), Then: []Event{done(onboarding.Mail)}},
		"notes each step by itself": {
			Given: []Event{done(onboarding.Mail)}, When: finish(onboarding.Token), Then: []Event{done(onboarding.Token)},
		},
		"notes a step once":                  {Given: []Event{done(onboarding.Token)}, When: finish(onboarding.Token)},
		"notes a trial that was had already": {When: finish(onboarding.Trial), Then: []Event{done(onboarding.Trial)}},
		"leaves a step to the events that tell of it": {
			When: finish(onboarding.Role), Err: domain.ErrInvalid, Fields: []string{"step"},
		},
		"knows its steps": {When: finish("tea"), Err: domain.ErrInvalid, Fields: []string{"step"}},
	})
}

func TestStream(t *testing.T) {
	if got := (onboarding.FinishStep{UserID: domain.ID{1}}).Stream(); got != "onboarding-01000000-0000-0000-0000-000000000000" {
		t.Error(got)
	}
}
