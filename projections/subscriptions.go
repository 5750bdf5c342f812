package projections

import (
	"time"

	"am-user-management/domain/subscription"
	"am-user-management/internal/eventstore"
)

type subscriptionRow struct {
	mark
	UserID            uuid
	PlanID            string
	Trial             bool
	TrialEndsAt       *time.Time
	ExpiresAt         time.Time
	AutoRenew         bool
	CancelAtPeriodEnd bool
	CancelledAt       *time.Time
}

// newSubscriptions projects subscription streams: one row per user who ever had a subscription.
func newSubscriptions() *table[uuid, subscriptionRow, *subscriptionRow] {
	return byStream("subscriptions", types(subscription.Events), subscriptionKey, foldSubscription,
		plain("user_id", "uuid", func(r *subscriptionRow) *uuid { return &r.UserID }),
		plain("plan_id", "text", func(r *subscriptionRow) *string { return &r.PlanID }),
		plain("trial", "boolean", func(r *subscriptionRow) *bool { return &r.Trial }),
		plain("trial_ends_at", "timestamptz", func(r *subscriptionRow) **time.Time { return &r.TrialEndsAt }),
		plain("expires_at", "timestamptz", func(r *subscriptionRow) *time.Time { return &r.ExpiresAt }),
		plain("auto_renew", "boolean", func(r *subscriptionRow) *bool { return &r.AutoRenew }),
		plain("cancel_at_period_end", "boolean", func(r *subscriptionRow) *bool { return &r.CancelAtPeriodEnd }),
		plain("cancelled_at", "timestamptz", func(r *subscriptionRow) **time.Time { return &r.CancelledAt }),
	)
}

func subscriptionKey(e *eventstore.Envelope) (uuid, bool) {
	switch e := e.Event.(type) {
	case subscription.TrialStarted:
		return uuid(e.UserID), true
	}
	return uuid{}, false
}

func foldSubscription(r *subscriptionRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case subscription.TrialStarted:
		*r = subscriptionRow{
			mark: r.mark, UserID: uuid(e.UserID), PlanID: readable(e.PlanID),
			Trial: true, TrialEndsAt: &e.EndsAt, ExpiresAt: e.EndsAt,
		}
	}
}
