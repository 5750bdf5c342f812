package subscription

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to a subscription. An event that was due at an instant carries that instant,
// not the moment when somebody noticed.
//
//sumtype:decl
type Event interface {
	domain.Event
	subscription()
}

// TrialStarted opens the one trial that a user gets.
type TrialStarted struct {
	UserID    domain.ID `json:"user_id"`
	PlanID    string    `json:"plan_id"`
	StartedAt time.Time `json:"started_at"`
	EndsAt    time.Time `json:"ends_at"`
}

// PlanUpgraded begins a subscription to a plan at once, and with it the count of periods: after a trial, after a lower
// plan, after nothing, or after a subscription that was over.
type PlanUpgraded struct {
	UserID domain.ID `json:"user_id"`
	// From is the plan that was left for it, "" if there was none.
	From      string    `json:"from,omitzero"`
	To        Terms     `json:"to"`
	AutoRenew bool      `json:"auto_renew"`
	At        time.Time `json:"at"`
	EndsAt    time.Time `json:"ends_at"`
}

// SubscriptionRenewed begins the next period, on the terms of the last.
type SubscriptionRenewed struct {
	UserID domain.ID `json:"user_id"`
	Terms  Terms     `json:"terms"`
	At     time.Time `json:"at"`
	EndsAt time.Time `json:"ends_at"`
}

// DowngradeScheduled says which plan the next period will be of.
type DowngradeScheduled struct {
	UserID      domain.ID `json:"user_id"`
	To          Terms     `json:"to"`
	At          time.Time `json:"at"`
	EffectiveAt time.Time `json:"effective_at"`
}

// PlanDowngraded begins the next period, of the plan that was scheduled.
type PlanDowngraded struct {
	UserID domain.ID `json:"user_id"`
	From   string    `json:"from"`
	To     Terms     `json:"to"`
	At     time.Time `json:"at"`
	EndsAt time.Time `json:"ends_at"`
}

// CancellationScheduled ends the subscription with its period. It takes the place of a downgrade that was scheduled.
type CancellationScheduled struct {
	UserID      domain.ID `json:"user_id"`
	At          time.Time `json:"at"`
	EffectiveAt time.Time `json:"effective_at"`
}

// SubscriptionCancelled is the end of a subscription by its user's wish.
type SubscriptionCancelled struct {
	UserID domain.ID `json:"user_id"`
	PlanID string    `json:"plan_id"`
	At     time.Time `json:"at"`
}

// SubscriptionResumed takes back a cancellation or a downgrade that was scheduled.
type SubscriptionResumed struct {
	UserID domain.ID `json:"user_id"`
	At     time.Time `json:"at"`
}

// AutoRenewChanged is the user's choice whether another period follows this one. Without one, no downgrade is
// scheduled any more.
type AutoRenewChanged struct {
	UserID    domain.ID `json:"user_id"`
	AutoRenew bool      `json:"auto_renew"`
	At        time.Time `json:"at"`
}

// SubscriptionExpired is the end of a trial, or of a period that no other follows.
type SubscriptionExpired struct {
	UserID domain.ID `json:"user_id"`
	PlanID string    `json:"plan_id"`
	At     time.Time `json:"at"`
}

// EventType is the name on the wire.
func (TrialStarted) EventType() string { return "subscription.trial_started.v1" }

// EventType is the name on the wire.
func (PlanUpgraded) EventType() string { return "subscription.plan_upgraded.v1" }

// EventType is the name on the wire.
func (SubscriptionRenewed) EventType() string { return "subscription.subscription_renewed.v1" }

// EventType is the name on the wire.
func (DowngradeScheduled) EventType() string { return "subscription.downgrade_scheduled.v1" }

// EventType is the name on the wire.
func (PlanDowngraded) EventType() string { return "subscription.plan_downgraded.v1" }

// EventType is the name on the wire.
func (CancellationScheduled) EventType() string { return "subscription.cancellation_scheduled.v1" }

// EventType is the name on the wire.
func (SubscriptionCancelled) EventType() string { return "subscription.subscription_cancelled.v1" }

// EventType is the name on the wire.
func (SubscriptionResumed) EventType() string { return "subscription.subscription_resumed.v1" }

// EventType is the name on the wire.
func (AutoRenewChanged) EventType() string { return "subscription.auto_renew_changed.v1" }

// EventType is the name on the wire.
func (SubscriptionExpired) EventType() string { return "subscription.subscription_expired.v1" }

func (TrialStarted) subscription()          {}
func (PlanUpgraded) subscription()          {}
func (SubscriptionRenewed) subscription()   {}
func (DowngradeScheduled) subscription()    {}
func (PlanDowngraded) subscription()        {}
func (CancellationScheduled) subscription() {}
func (SubscriptionCancelled) subscription() {}
func (SubscriptionResumed) subscription()   {}
func (AutoRenewChanged) subscription()      {}
func (SubscriptionExpired) subscription()   {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{
	TrialStarted{},
	PlanUpgraded{},
	SubscriptionRenewed{},
	DowngradeScheduled{},
	PlanDowngraded{},
	CancellationScheduled{},
	SubscriptionCancelled{},
	SubscriptionResumed{},
	AutoRenewChanged{},
	SubscriptionExpired{},
}
