package email_test

import (
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
