// Package notice remembers what left the process about a user, where leaving leaves no other event: a mail was handed
// over, another service was told. Without it a job queue that was restored from an old backup would tell everybody
// again. It imports domain and the standard library only.
package notice

import (
	"maps"

	"am-user-management/domain"
)

// StreamOf names the stream of the notices about a user.
func StreamOf(userID domain.ID) string { return "notice-" + userID.String() }

// State is what events add up to. Its zero value is "nothing was told".
type State struct {
	Given map[domain.ID]bool // by effect
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case NoticeGiven:
		given := maps.Clone(s.Given)
		if given == nil {
			given = make(map[domain.ID]bool)
		}
		given[e.EffectID] = true
		s.Given = given
	}
	return s
}
