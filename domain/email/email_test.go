package email_test

import (
	"errors"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/email"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[email.State, email.Event]
	Event = email.Event
)

var (
	ann      = domain.ID{1}
	bob      = domain.ID{2}
	noon     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	claimed  = email.EmailClaimed{Owner: ann, NormVersion: 1, ClaimedAt: noon}
	released = email.EmailReleased{Owner: ann, Reason: "aborted", At: noon}
)

func TestClaim(t *testing.T) {
	by := func(owner domain.ID) email.Claim {
		return email.Claim{Key: "k", Owner: owner, NormVersion: 1, Now: noon}
	}
	estest.Run(t, email.Events, map[string]Case{
		"takes a free address": {When: by(ann), Then: []Event{claimed}},
		"takes a released address": {
			Given: []Event{claimed, released}, When: by(bob),
			Then: []Event{email.EmailClaimed{Owner: bob, NormVersion: 1, ClaimedAt: noon}},
		},
		"takes it once":                  {Given: []Event{claimed}, When: by(ann)},
		"never takes it from its owner":  {Given: []Event{claimed}, When: by(bob), Err: email.ErrTaken},
		"never claims for nobody's sake": {Given: []Event{claimed}, When: by(domain.ID{}), Err: email.ErrTaken},
	})
}

// Not among the rules above, since it claims each time: what it is for is that others see the stream move.
func TestClaimAnew(t *testing.T) {
	command := email.Claim{Key: "k", Owner: ann, NormVersion: 1, Anew: true, Now: noon}
	for name, c := range map[string]struct {
		given []Event
		err   error
	}{
		"a free address":             {nil, nil},
		"one that the owner has":     {[]Event{claimed}, nil},
		"one that the owner had":     {[]Event{claimed, released}, nil},
		"never one that another has": {[]Event{email.EmailClaimed{Owner: bob, ClaimedAt: noon}}, email.ErrTaken},
	} {
		t.Run(name, func(t *testing.T) {
			var state email.State
			for _, event := range c.given {
				state = state.Evolve(event)
			}
			events, err := command.Decide(state)
			if !errors.Is(err, c.err) || err == nil && (len(events) != 1 || events[0] != Event(claimed)) {
				t.Errorf("got %v, %v", events, err)
			}
		})
	}
}

func TestRelease(t *testing.T) {
	by := func(owner domain.ID) email.Release {
		return email.Release{Key: "k", Owner: owner, Reason: "aborted", Now: noon}
	}
	estest.Run(t, email.Events, map[string]Case{
		"frees the owner's address":     {Given: []Event{claimed}, When: by(ann), Then: []Event{released}},
		"leaves another's address":      {Given: []Event{claimed}, When: by(bob)},
		"leaves a free address":         {When: by(ann)},
		"leaves a free address to none": {When: by(domain.ID{})},
		"frees it once":                 {Given: []Event{claimed, released}, When: by(ann)},
	})
}

func TestStreamOf(t *testing.T) {
	if got := (email.Claim{Key: "ab12"}).Stream(); got != "email-ab12" || (email.Release{Key: "ab12"}).Stream() != got {
		t.Error(got)
	}
}
