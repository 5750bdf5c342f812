// Package subscription holds the rules of what a user has subscribed to. It imports domain and the standard library
// only.
//
// A subscription is a trial, or a row of periods of a plan: calendar months or years, counted from the first one. What
// is due at the end of a period is decided by the state alone: a cancellation, a downgrade, a renewal, or expiry. Every
// command first decides what was due by its time, and then what it was sent for; so it does not matter when a timer
// comes by, or whether: StatusAt tells the same before and after it.
//
// A trial leads nowhere but out: nothing begins one on a stream that has events, and nothing moves its end.
package subscription

import (
	"time"

	"am-user-management/domain"
)

// Status is whether a subscription may be used.
type Status string

// The statuses.
const (
	Active    Status = "ACTIVE"
	Cancelled Status = "CANCELLED" // over, by the user's wish
	Expired   Status = "EXPIRED"   // over, because nothing continued it
)

// The rules of subscriptions.
var (
	// ErrNotFound: the user never had a subscription.
	ErrNotFound = &domain.Error{
		Kind: domain.NotFound, Code: "subscription.not-found", Title: "There is no subscription.",
	}
	// ErrTrialUsed: the person had their trial, or a subscription instead of one.
	ErrTrialUsed = &domain.Error{
		Kind: domain.Conflict, Code: "subscription.trial-used", Title: "There is one trial for each person, at the beginning.",
	}
	// ErrNotAnUpgrade: the plan is not above the present one.
	ErrNotAnUpgrade = &domain.Error{
		Kind: domain.Conflict, Code: "subscription.not-an-upgrade", Title: "The plan is not above the present one; a downgrade takes effect at the end of the period.",
	}
	// ErrNotADowngrade: the plan is the present one or above it.
	ErrNotADowngrade = &domain.Error{
		Kind: domain.Conflict, Code: "subscription.not-a-downgrade", Title: "The plan is the present one or above it; an upgrade takes effect at once.",
	}
	// ErrInTrial: a trial has no next period.
	ErrInTrial = &domain.Error{
		Kind: domain.Conflict, Code: "subscription.in-trial", Title: "A trial ends without another period; any plan can be had by an upgrade.",
	}
	// ErrNotRenewing: the subscription ends with its period.
	ErrNotRenewing = &domain.Error{
		Kind: domain.Conflict, Code: "subscription.not-renewing", Title: "The subscription ends with its period: resume it, or turn its renewal on, first.",
	}
	// ErrOver: the subscription was cancelled or has expired.
	ErrOver = &domain.Error{
		Kind: domain.Conflict, Code: "subscription.over", Title: "The subscription is over; an upgrade to any plan begins another.",
	}
)

// StreamOf names the stream of a user's subscription.
func StreamOf(userID domain.ID) string { return "subscription-" + userID.String() }

// State is what events add up to. Its zero value is "no subscription".
type State struct {
	UserID domain.ID
	// Terms are those of the present period; of a trial only the plan is known.
	Terms Terms
	// Trial tells that this is the trial, running or over; TrialEndsAt is when it ends unless it is cancelled before.
	Trial       bool
	TrialEndsAt time.Time
	// ExpiresAt is when the present period or the trial ends; when the subscription ended, once it is over.
	ExpiresAt time.Time
	AutoRenew bool
	// CancelAtPeriodEnd tells that the subscription ends with its period.
	CancelAtPeriodEnd bool
	// Next are the terms of the next period, if they will be others.
	Next *Terms

	// Anchor is when the first period began, Months how many there are from then to the end of the present one.
	Anchor time.Time
	Months int
	// Over is Cancelled or Expired once that is recorded; StatusAt knows it before.
	Over Status
}

// Exists reports whether the user ever had a subscription.
func (s State) Exists() bool { return !s.UserID.IsZero() }

// StatusAt is the status at a time; "" if there is no subscription. What ended is over from its end on, whether or
// not the end has been recorded.
func (s State) StatusAt(now time.Time) Status {
	if !s.Exists() {
		return ""
	}
	if s = s.At(now); s.Over != "" {
		return s.Over
	}
	return Active
}

// At is the state with everything that was due by a time.
func (s State) At(now time.Time) State {
	_, s = s.settled(now)
	return s
}

// settled decides what was due by a time, and returns it with the state after it.
func (s State) settled(now time.Time) ([]Event, State) {
	var events []Event
	for s.Exists() && s.Over == "" && !now.Before(s.ExpiresAt) {
		event := s.end()
		events, s = append(events, event), s.Evolve(event)
	}
	return events, s
}

// end is what happens at the end of the present period.
func (s State) end() Event {
	at := s.ExpiresAt
	switch {
	case s.CancelAtPeriodEnd:
		return SubscriptionCancelled{UserID: s.UserID, PlanID: s.Terms.PlanID, At: at}
	case s.Trial || !s.AutoRenew:
		return SubscriptionExpired{UserID: s.UserID, PlanID: s.Terms.PlanID, At: at}
	case s.Next != nil:
		return PlanDowngraded{UserID: s.UserID, From: s.Terms.PlanID, To: *s.Next, At: at, EndsAt: s.after(*s.Next)}
	}
	return SubscriptionRenewed{UserID: s.UserID, Terms: s.Terms, At: at, EndsAt: s.after(s.Terms)}
}

// after is the end of the period that follows the present one.
func (s State) after(terms Terms) time.Time {
	return monthsAfter(s.Anchor, s.Months+terms.Interval.months())
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case TrialStarted:
		s = State{UserID: e.UserID, Terms: Terms{PlanID: e.PlanID}, Trial: true, TrialEndsAt: e.EndsAt, ExpiresAt: e.EndsAt}
	case PlanUpgraded:
		s = State{
			UserID: e.UserID, Terms: e.To, ExpiresAt: e.EndsAt, AutoRenew: e.AutoRenew,
			Anchor: e.At, Months: e.To.Interval.months(),
		}
	case SubscriptionRenewed:
		s = s.period(e.Terms, e.EndsAt)
	case PlanDowngraded:
		s = s.period(e.To, e.EndsAt)
	case DowngradeScheduled:
		s.Next = &e.To
	case CancellationScheduled:
		s.CancelAtPeriodEnd, s.Next = true, nil
	case SubscriptionResumed:
		s.CancelAtPeriodEnd, s.Next = false, nil
	case AutoRenewChanged:
		if s.AutoRenew = e.AutoRenew; !s.AutoRenew {
			s.Next = nil
		}
	case SubscriptionCancelled:
		s = s.ended(Cancelled, e.At)
	case SubscriptionExpired:
		s = s.ended(Expired, e.At)
	}
	return s
}

func (s State) period(terms Terms, end time.Time) State {
	s.Terms, s.ExpiresAt, s.Next = terms, end, nil
	s.Months += terms.Interval.months()
	return s
}

func (s State) ended(status Status, at time.Time) State {
	s.Over, s.ExpiresAt = status, at
	s.CancelAtPeriodEnd, s.Next = false, nil
	return s
}
