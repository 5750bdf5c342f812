// Package subscription holds the rules of what a user has subscribed to. It imports domain and the standard library
// only.
package subscription

import (
	"time"

	"am-user-management/domain"
)

// Status is whether a subscription may be used.
type Status string

// The statuses.
const (
	Active  Status = "ACTIVE"
	Expired Status = "EXPIRED"
)

// ErrNotFound: the user never had a subscription.
var ErrNotFound = &domain.Error{
	Kind: domain.NotFound, Code: "subscription.not-found", Title: "There is no subscription.",
}

// StreamOf names the stream of a user's subscription.
func StreamOf(userID domain.ID) string { return "subscription-" + userID.String() }

// State is what events add up to. Its zero value is "no subscription".
type State struct {
	UserID domain.ID
	PlanID string
	// TrialEndsAt is set once the user had their trial.
	TrialEndsAt time.Time
	ExpiresAt   time.Time
}

// Exists reports whether the user ever had a subscription.
func (s State) Exists() bool { return !s.UserID.IsZero() }

// StatusAt is the status at a time; "" if there is no subscription. It is Expired from ExpiresAt on.
func (s State) StatusAt(now time.Time) Status {
	switch {
	case !s.Exists():
		return ""
	case now.Before(s.ExpiresAt):
		return Active
	}
	return Expired
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case TrialStarted:
		s.UserID, s.PlanID = e.UserID, e.PlanID
		s.TrialEndsAt, s.ExpiresAt = e.EndsAt, e.EndsAt
	}
	return s
}
