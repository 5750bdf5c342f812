package readmodel

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Subscription is what a user has subscribed to, at the time it was asked for. Price, currency and interval are those
// that were agreed to, whatever the plan costs by now; a trial has none.
type Subscription struct {
	UserID            uuid.UUID  `json:"user_id"`
	PlanID            string     `json:"plan_id"`
	Status            string     `json:"status"` // ACTIVE, CANCELLED or EXPIRED
	Price             *int64     `json:"price,omitempty"`
	Currency          *string    `json:"currency,omitempty"`
	Interval          *string    `json:"interval,omitempty"`
	Trial             bool       `json:"trial"`
	TrialEndsAt       *time.Time `json:"trial_ends_at,omitempty"`
	ExpiresAt         time.Time  `json:"expires_at"`
	AutoRenew         bool       `json:"auto_renew"`
	CancelAtPeriodEnd bool       `json:"cancel_at_period_end"`
	NextPlanID        *string    `json:"next_plan_id,omitempty"`
	Version           Version    `json:"-"`
	// Late tells that something was due that the row does not show, because a timer has not come by yet: the stream
	// knows what.
	Late bool `json:"-"`
}

// Subscription returns the subscription of a user at a time, or ErrNotFound.
func (r *Reader) Subscription(ctx context.Context, user uuid.UUID, now time.Time) (Subscription, error) {
	s := Subscription{UserID: user, Status: "ACTIVE"}
	var cancelledAt, expiredAt, dueAt *time.Time
	err := r.row(ctx, `
		SELECT plan_id, price_minor, currency, interval, trial, trial_ends_at, expires_at, auto_renew, cancel_at_period_end,
			next_plan_id, cancelled_at, expired_at, due_at, revision, position
		FROM subscriptions WHERE user_id = $1`, []any{[16]byte(user)},
		&s.PlanID, &s.Price, &s.Currency, &s.Interval, &s.Trial, &s.TrialEndsAt, &s.ExpiresAt, &s.AutoRenew, &s.CancelAtPeriodEnd,
		&s.NextPlanID, &cancelledAt, &expiredAt, &dueAt, &s.Version.Revision, &s.Version.Position)
	if err != nil {
		return Subscription{}, err
	}
	utc(s.TrialEndsAt, &s.ExpiresAt)
	s.Late = dueAt != nil && !now.Before(*dueAt)
	switch {
	case cancelledAt != nil || s.Late && s.CancelAtPeriodEnd:
		s.Status = "CANCELLED"
	case expiredAt != nil || s.Late && !s.AutoRenew:
		s.Status = "EXPIRED"
	}
	return s, nil
}

// DueSubscription is a subscription whose period or trial has ended, as far as the table knows.
type DueSubscription struct {
	UserID   uuid.UUID
	Revision uint64
	DueAt    time.Time
}

// DueSubscriptions returns at most limit subscriptions that are due at a time, in the order in which they became due,
// after one that was returned before; the zero value begins. The table may lag: the stream knows whether something is
// still to be done.
func (r *Reader) DueSubscriptions(ctx context.Context, now time.Time, after DueSubscription, limit int) ([]DueSubscription, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT user_id, revision, due_at FROM subscriptions
		WHERE due_at IS NOT NULL AND due_at <= $1 AND (due_at, user_id) > ($2, $3)
		ORDER BY due_at, user_id LIMIT $4`, now, after.DueAt, [16]byte(after.UserID), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (due DueSubscription, err error) {
		err = row.Scan((*[16]byte)(&due.UserID), &due.Revision, &due.DueAt)
		utc(&due.DueAt)
		return due, err
	})
}

// Plan is one thing that can be subscribed to. Price is in the smallest unit of the currency, for one interval.
type Plan struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Price    int64    `json:"price"`
	Currency string   `json:"currency"`
	Interval string   `json:"interval"`
	Features []string `json:"features"`
	Rank     int      `json:"rank"`
	Version  Version  `json:"-"`
}

// Plans returns all plans, the lowest rank first.
func (r *Reader) Plans(ctx context.Context) ([]Plan, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT plan_id, name, price_minor, currency, interval, features, rank, revision, position
		FROM plans ORDER BY rank, plan_id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Plan, err error) {
		err = row.Scan(&p.ID, &p.Name, &p.Price, &p.Currency, &p.Interval, &p.Features, &p.Rank, &p.Version.Revision, &p.Version.Position)
		return p, err
	})
}
