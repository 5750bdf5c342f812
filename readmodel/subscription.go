package readmodel

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Subscription is what a user has subscribed to, at the time it was asked for.
type Subscription struct {
	UserID            uuid.UUID  `json:"user_id"`
	PlanID            string     `json:"plan_id"`
	Status            string     `json:"status"` // ACTIVE, CANCELLED or EXPIRED
	Trial             bool       `json:"trial"`
	TrialEndsAt       *time.Time `json:"trial_ends_at,omitempty"`
	ExpiresAt         time.Time  `json:"expires_at"`
	AutoRenew         bool       `json:"auto_renew"`
	CancelAtPeriodEnd bool       `json:"cancel_at_period_end"`
	Version           Version    `json:"-"`
}

// Subscription returns the subscription of a user at a time, or ErrNotFound.
func (r *Reader) Subscription(ctx context.Context, user uuid.UUID, now time.Time) (Subscription, error) {
	s := Subscription{UserID: user, Status: "ACTIVE"}
	var cancelledAt *time.Time
	err := r.row(ctx, `
		SELECT plan_id, trial, trial_ends_at, expires_at, auto_renew, cancel_at_period_end, cancelled_at, revision, position
		FROM subscriptions WHERE user_id = $1`, []any{[16]byte(user)},
		&s.PlanID, &s.Trial, &s.TrialEndsAt, &s.ExpiresAt, &s.AutoRenew, &s.CancelAtPeriodEnd, &cancelledAt,
		&s.Version.Revision, &s.Version.Position)
	if err != nil {
		return Subscription{}, err
	}
	utc(s.TrialEndsAt, &s.ExpiresAt)
	switch {
	case cancelledAt != nil:
		s.Status = "CANCELLED"
	case !now.Before(s.ExpiresAt):
		s.Status = "EXPIRED"
	}
	return s, nil
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
