// Package onboarding remembers which steps after a sign-up were done, where doing them leaves no other event: the
// mail was handed over, the token service was told. It imports domain and the standard library only.
package onboarding

import (
	"maps"

	"am-user-management/domain"
)

// Step is one thing to be done for a new user.
type Step string

// The steps. Trial, Profile and Role are done when the subscription, the profile and the access say so; Mail and
// Token have nothing but StepDone, and so has a Trial that the person had already.
const (
	Trial   Step = "trial"
	Profile Step = "profile"
	Role    Step = "role"
	Mail    Step = "mail"
	Token   Step = "token"
)

// StreamOf names the stream of a user's onboarding.
func StreamOf(userID domain.ID) string { return "onboarding-" + userID.String() }

// State is what events add up to. Its zero value is "nothing done".
type State struct {
	Done map[Step]bool
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case StepDone:
		done := maps.Clone(s.Done)
		if done == nil {
			done = make(map[Step]bool)
		}
		done[e.Step] = true
		s.Done = done
	}
	return s
}
