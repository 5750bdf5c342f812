package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[access.State, access.Event]
	Event = access.Event
)

var (
	ann  = domain.ID{1}
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func at(hours int) *time.Time {
	end := noon.Add(time.Duration(hours) * time.Hour)
	return &end
}

func assigned(role string, until *time.Time) access.RoleAssigned {
	return access.RoleAssigned{UserID: ann, Role: role, ExpiresAt: until, Reason: "asked", At: noon}
}

func assign(role string, until *time.Time) access.Assign {
	return access.Assign{UserID: ann, Role: role, ExpiresAt: until, Reason: "asked", Now: noon}
}

func TestAssign(t *testing.T) {
	late := assign("admin", nil)
	late.Now = noon.Add(2 * time.Hour)
	again := assigned("admin", nil)
	again.At = late.Now
	elsewhere := at(1).In(time.FixedZone("CET", 3600))
	odd := assign("admin", at(0))
	odd.Reason = "a\x00"
	long := assign("admin", nil)
	long.Reason = strings.Repeat("a", 501)

	estest.Run(t, access.Events, map[string]Case{
		"gives a role":                      {When: assign("admin", nil), Then: []Event{assigned("admin", nil)}},
		"gives a role for a while":          {When: assign("admin", at(1)), Then: []Event{assigned("admin", at(1))}},
		"gives one role beside another":     {Given: []Event{assigned("viewer", nil)}, When: assign("admin", nil), Then: []Event{assigned("admin", nil)}},
		"gives a role once":                 {Given: []Event{assigned("admin", nil)}, When: assign("admin", nil)},
		"gives a role once, in any zone":    {Given: []Event{assigned("admin", &elsewhere)}, When: assign("admin", at(1))},
		"gives a role for longer":           {Given: []Event{assigned("admin", at(1))}, When: assign("admin", at(2)), Then: []Event{assigned("admin", at(2))}},
		"gives a role for good":             {Given: []Event{assigned("admin", at(1))}, When: assign("admin", nil), Then: []Event{assigned("admin", nil)}},
		"sets an end to a role":             {Given: []Event{assigned("admin", nil)}, When: assign("admin", at(1)), Then: []Event{assigned("admin", at(1))}},
		"gives a role again that ran out":   {Given: []Event{assigned("admin", at(1))}, When: late, Then: []Event{again}},
		"refuses a past end, an odd reason": {When: odd, Err: domain.ErrInvalid, Fields: []string{"expires_at", "reason"}},
		"refuses a long reason":             {When: long, Err: domain.ErrInvalid, Fields: []string{"reason"}},
	})
}

func TestRevoke(t *testing.T) {
	revoke := access.Revoke{UserID: ann, Role: "admin", Reason: "left", Now: noon.Add(2 * time.Hour)}
	revoked := access.RoleRevoked{UserID: ann, Role: "admin", Reason: "left", At: revoke.Now}
	odd := revoke
	odd.Reason = "\u202eleft"
	estest.Run(t, access.Events, map[string]Case{
		"takes a role":              {Given: []Event{assigned("admin", nil)}, When: revoke, Then: []Event{revoked}},
		"takes a role that ran out": {Given: []Event{assigned("admin", at(1))}, When: revoke, Then: []Event{revoked}},
		"takes a role once":         {Given: []Event{assigned("admin", nil), revoked}, When: revoke},
		"leaves other roles":        {Given: []Event{assigned("viewer", nil)}, When: revoke},
		"refuses an odd reason":     {When: odd, Err: domain.ErrInvalid, Fields: []string{"reason"}},
	})
}

func TestHoldsForGood(t *testing.T) {
	state := access.State{}.Evolve(assigned("viewer", nil)).Evolve(assigned("admin", at(1)))
	if !state.HoldsForGood("viewer") || state.HoldsForGood("admin") || state.HoldsForGood("editor") {
		t.Errorf("held for good: %v", state)
	}
}

func TestRolesAt(t *testing.T) {
	state := access.State{}.Evolve(assigned("viewer", nil)).Evolve(assigned("admin", at(1)))
	for _, c := range []struct {
		now  time.Time
		want []string
	}{
		{noon, []string{"admin", "viewer"}},
		{at(1).Add(-1), []string{"admin", "viewer"}},
		{*at(1), []string{"viewer"}},
	} {
		if got := state.RolesAt(c.now); !slices.Equal(got, c.want) {
			t.Errorf("at %s: %q, want %q", c.now, got, c.want)
		}
	}
}

// Any run of commands leads to the roles that a plain map of role to end would hold.
func TestCommandsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var state access.State
		model := make(map[string]int) // the hour it ends, 0 for never
		for range rapid.IntRange(0, 30).Draw(t, "commands") {
			role := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "role")
			before := state.RolesAt(noon)
			var events []Event
			var err error
			if hour := rapid.IntRange(-1, 3).Draw(t, "hour"); hour < 0 {
				events, err = access.Revoke{UserID: ann, Role: role, Now: noon}.Decide(state)
				delete(model, role)
			} else {
				var until *time.Time
				if hour > 0 {
					until = at(hour)
				}
				events, err = assign(role, until).Decide(state)
				model[role] = hour
			}
			if err != nil {
				t.Fatal(err)
			}
			previous := state
			for _, event := range events {
				state = state.Evolve(event)
			}
			if !slices.Equal(previous.RolesAt(noon), before) {
				t.Fatal("the fold changed the state it started from")
			}
		}
		for hour := range 4 {
			var want []string
			for role, end := range model {
				if end == 0 || end > hour {
					want = append(want, role)
				}
			}
			slices.Sort(want)
			if got := state.RolesAt(*at(hour)); !slices.Equal(got, want) {
				t.Fatalf("after %d hours: %q, want %q", hour, got, want)
			}
		}
	})
}

func TestCommandsGoToTheUsersAccess(t *testing.T) {
	const want = "access-01000000-0000-0000-0000-000000000000"
	give, take := assign("a", nil).Stream(), access.Revoke{UserID: ann}.Stream()
	if give != want || take != want {
		t.Errorf("assign %s, revoke %s", give, take)
	}
}
