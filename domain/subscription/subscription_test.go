package subscription_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/subscription"
	"am-user-management/internal/estest"
)

var (
	ann     = domain.ID{1}
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	started = subscription.TrialStarted{
		UserID: ann, PlanID: "basic", StartedAt: noon, EndsAt: time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC),
	}
)

func TestStartTrial(t *testing.T) {
	command := subscription.StartTrial{UserID: ann, PlanID: "basic", Days: 14, Now: noon}
	later := subscription.StartTrial{UserID: ann, PlanID: "pro", Days: 14, Now: noon.AddDate(1, 0, 0)}
	type Event = subscription.Event
	estest.Run(t, subscription.Events, map[string]estest.Case[subscription.State, subscription.Event]{
		"lasts the given days":          {When: command, Then: []Event{started}},
		"is given once":                 {Given: []Event{started}, When: command},
		"is given once, whatever comes": {Given: []Event{started}, When: later},
	})
}

func TestStatusAt(t *testing.T) {
	state := subscription.State{}.Evolve(started)
	for name, c := range map[string]struct {
		state subscription.State
		now   time.Time
		want  subscription.Status
	}{
		"none without a subscription":  {subscription.State{}, noon, ""},
		"active from the start":        {state, noon, subscription.Active},
		"active to the last moment":    {state, started.EndsAt.Add(-1), subscription.Active},
		"expired from its end on":      {state, started.EndsAt, subscription.Expired},
		"expired for ever after":       {state, started.EndsAt.AddDate(9, 0, 0), subscription.Expired},
		"active when clocks are wrong": {state, noon.Add(-time.Hour), subscription.Active},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.state.StatusAt(c.now); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestStream(t *testing.T) {
	if got := (subscription.StartTrial{UserID: ann}).Stream(); got != "subscription-01000000-0000-0000-0000-000000000000" {
		t.Error(got)
	}
}
