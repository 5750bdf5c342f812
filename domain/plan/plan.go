// Package plan holds the rules of the plans that users subscribe to. It imports domain and the standard library only.
package plan

import (
	"slices"
	"strings"

	"am-user-management/domain"
)

// Interval is how often a plan is paid.
type Interval string

// The intervals.
const (
	Month Interval = "month"
	Year  Interval = "year"
)

// ErrNotFound: no such plan was defined.
var ErrNotFound = &domain.Error{Kind: domain.NotFound, Code: "plan.not-found", Title: "There is no such plan."}

// ValidID reports whether a text may name a plan: it is part of paths and of a stream's name.
func ValidID(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// StreamOf names the stream of a plan.
func StreamOf(id string) string { return "plan-" + id }

// State is what events add up to. Its zero value is "no such plan".
type State struct {
	ID         string
	Name       string
	PriceMinor int64
	Currency   string
	Interval   Interval
	Features   []string
	Rank       int
	BuiltIn    bool
}

// Exists reports whether the plan was defined.
func (s State) Exists() bool { return s.ID != "" }

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case PlanDefined:
		s = State{
			ID: e.ID, Name: e.Name, PriceMinor: e.PriceMinor, Currency: e.Currency, Interval: e.Interval,
			Features: slices.Clone(e.Features), Rank: e.Rank, BuiltIn: e.BuiltIn,
		}
	}
	return s
}
