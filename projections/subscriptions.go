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
	NextPlanID        *string
	PriceMinor        *int64 // of a period; nil for a trial, and so are currency and interval
	Currency          *string
	Interval          *string
	Trial             bool
	TrialEndsAt       *time.Time
	ExpiresAt         time.Time
	AutoRenew         bool
	CancelAtPeriodEnd bool
	CancelledAt       *time.Time
	ExpiredAt         *time.Time
	DueAt             *time.Time // when the timer has to come by; nil once it is over
}

// newSubscriptions projects subscription streams: one row per user who ever had a subscription.
func newSubscriptions() *table[uuid, subscriptionRow, *subscriptionRow] {
	return byStream("subscriptions", types(subscription.Events), subscriptionKey, foldSubscription,
		plain("user_id", "uuid", func(r *subscriptionRow) *uuid { return &r.UserID }),
		plain("plan_id", "text", func(r *subscriptionRow) *string { return &r.PlanID }),
		plain("next_plan_id", "text", func(r *subscriptionRow) **string { return &r.NextPlanID }),
		plain("price_minor", "bigint", func(r *subscriptionRow) **int64 { return &r.PriceMinor }),
		plain("currency", "text", func(r *subscriptionRow) **string { return &r.Currency }),
		plain("interval", "text", func(r *subscriptionRow) **string { return &r.Interval }),
		plain("trial", "boolean", func(r *subscriptionRow) *bool { return &r.Trial }),
		plain("trial_ends_at", "timestamptz", func(r *subscriptionRow) **time.Time { return &r.TrialEndsAt }),
		plain("expires_at", "timestamptz", func(r *subscriptionRow) *time.Time { return &r.ExpiresAt }),
		plain("auto_renew", "boolean", func(r *subscriptionRow) *bool { return &r.AutoRenew }),
		plain("cancel_at_period_end", "boolean", func(r *subscriptionRow) *bool { return &r.CancelAtPeriodEnd }),
		plain("cancelled_at", "timestamptz", func(r *subscriptionRow) **time.Time { return &r.CancelledAt }),
		plain("expired_at", "timestamptz", func(r *subscriptionRow) **time.Time { return &r.ExpiredAt }),
		plain("due_at", "timestamptz", func(r *subscriptionRow) **time.Time { return &r.DueAt }),
	)
}

func subscriptionKey(envelope *eventstore.Envelope) (uuid, bool) {
	switch e := envelope.Event.(type) {
	case subscription.TrialStarted:
		return uuid(e.UserID), true
	case subscription.PlanUpgraded:
		return uuid(e.UserID), true
	case subscription.SubscriptionRenewed:
		return uuid(e.UserID), true
	case subscription.DowngradeScheduled:
		return uuid(e.UserID), true
	case subscription.PlanDowngraded:
		return uuid(e.UserID), true
	case subscription.CancellationScheduled:
		return uuid(e.UserID), true
	case subscription.SubscriptionCancelled:
		return uuid(e.UserID), true
	case subscription.SubscriptionResumed:
		return uuid(e.UserID), true
	case subscription.AutoRenewChanged:
		return uuid(e.UserID), true
	case subscription.SubscriptionExpired:
		return uuid(e.UserID), true
	}
	return uuid{}, false
}

func foldSubscription(r *subscriptionRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case subscription.TrialStarted:
		*r = subscriptionRow{
			mark: r.mark, UserID: uuid(e.UserID), PlanID: readable(e.PlanID),
			Trial: true, TrialEndsAt: &e.EndsAt, ExpiresAt: e.EndsAt, DueAt: &e.EndsAt,
		}
	case subscription.PlanUpgraded:
		*r = subscriptionRow{mark: r.mark, UserID: uuid(e.UserID), AutoRenew: e.AutoRenew}
		r.begin(e.To, e.EndsAt)
	case subscription.SubscriptionRenewed:
		r.begin(e.Terms, e.EndsAt)
	case subscription.PlanDowngraded:
		r.begin(e.To, e.EndsAt)
	case subscription.DowngradeScheduled:
		next := readable(e.To.PlanID)
		r.NextPlanID = &next
	case subscription.CancellationScheduled:
		r.CancelAtPeriodEnd, r.NextPlanID = true, nil
	case subscription.SubscriptionResumed:
		r.CancelAtPeriodEnd, r.NextPlanID = false, nil
	case subscription.AutoRenewChanged:
		if r.AutoRenew = e.AutoRenew; !r.AutoRenew {
			r.NextPlanID = nil
		}
	case subscription.SubscriptionCancelled:
		r.end(e.At)
		r.CancelledAt = &e.At
	case subscription.SubscriptionExpired:
		r.end(e.At)
		r.ExpiredAt = &e.At
	}
}

// begin begins a period.
func (r *subscriptionRow) begin(terms subscription.Terms, end time.Time) {
	currency, interval := readable(terms.Currency), readable(string(terms.Interval))
	r.PlanID, r.NextPlanID = readable(terms.PlanID), nil
	r.PriceMinor, r.Currency, r.Interval = &terms.PriceMinor, &currency, &interval
	r.ExpiresAt, r.DueAt = end, &end
}

// end ends the subscription.
func (r *subscriptionRow) end(at time.Time) {
	r.ExpiresAt, r.DueAt = at, nil
	r.CancelAtPeriodEnd, r.NextPlanID = false, nil
}
