package readmodel

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Account is an account as its owner and administrators see it. Email is nil once it was erased.
type Account struct {
	ID          uuid.UUID  `json:"id"`
	Email       *string    `json:"email"`
	Status      string     `json:"status"`
	VerifiedAt  *time.Time `json:"verified_at"`
	CreatedAt   time.Time  `json:"created_at"`
	PhoneNumber *string    `json:"phone_number,omitempty"`
	LockedUntil *time.Time `json:"locked_until,omitempty"` // shown while it lasts
	Version     Version    `json:"-"`
}

// AccountV1 is contract v1: what other services see of an account. Its fields never change.
type AccountV1 struct {
	ID     uuid.UUID `json:"id"`
	Email  *string   `json:"email"`
	Status string    `json:"status"`
}

// V1 is the account as contract v1 shows it.
func (a Account) V1() AccountV1 { return AccountV1{ID: a.ID, Email: a.Email, Status: a.Status} }

const accountColumns = `a.user_id, a.email, a.status, a.verified_at, a.created_at, a.phone, a.locked_until, a.revision, a.position`

func (a *Account) targets() []any {
	return []any{
		(*[16]byte)(&a.ID), &a.Email, &a.Status, &a.VerifiedAt, &a.CreatedAt, &a.PhoneNumber, &a.LockedUntil,
		&a.Version.Revision, &a.Version.Position,
	}
}

// At is the account as it is shown at a time: without a lock that is over.
func (a Account) At(now time.Time) Account {
	if a.LockedUntil != nil && !now.Before(*a.LockedUntil) {
		a.LockedUntil = nil
	}
	return a
}

func (a *Account) normalise() { utc(a.VerifiedAt, &a.CreatedAt, a.LockedUntil) }

// Account returns an account, or ErrNotFound.
func (r *Reader) Account(ctx context.Context, id uuid.UUID) (Account, error) {
	var account Account
	err := r.row(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.user_id = $1 AND a.status NOT IN ('ABORTED', 'ERASED')`,
		[]any{[16]byte(id)}, account.targets()...)
	account.normalise()
	return account, err
}
