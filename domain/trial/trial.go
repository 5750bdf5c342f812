// Package trial guards that a person has one trial. Every address has a stream of its own, named by the keyed hash of
// its normalised form that its claim is named by too; whoever stores TrialClaimed there first has the trial. It imports
// domain and the standard library only.
//
// The stream stays when an account is erased, so that nobody gets another trial by signing up again: it holds ids and a
// keyed hash, and cannot be read back to an address. How long it may stay after an erasure is not decided here; nothing
// ends it yet.
package trial

import "am-user-management/domain"

// ErrTaken: the person had the trial, under another account.
var ErrTaken = &domain.Error{Kind: domain.Conflict, Code: "trial.taken", Title: "The trial of this person was taken."}

// StreamOf names the stream of an address by its key: the hex HMAC of the normalised address.
func StreamOf(key string) string { return "trial-" + key }

// State is what events add up to. Its zero value is "no trial was had".
type State struct {
	// Owner is the account that has the trial; zero for none.
	Owner domain.ID
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case TrialClaimed:
		s.Owner = e.Owner
	}
	return s
}
