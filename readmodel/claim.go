package readmodel

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Claim is a claim on an address that no account has confirmed. Key names the address's stream.
type Claim struct {
	Key       string
	Owner     uuid.UUID
	ClaimedAt time.Time
}

// OrphanClaims returns at most limit claims made before a time whose account never came to be, the oldest first. The
// table may lag: whoever releases a claim must first make sure that its account can't come to be any more.
func (r *Reader) OrphanClaims(ctx context.Context, before time.Time, limit int) ([]Claim, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT claim_key, owner, claimed_at FROM email_claims
		WHERE owner IS NOT NULL AND NOT settled AND claimed_at < $1
		ORDER BY claimed_at, claim_key LIMIT $2`, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Claim, err error) {
		err = row.Scan(&c.Key, (*[16]byte)(&c.Owner), &c.ClaimedAt)
		utc(&c.ClaimedAt)
		return c, err
	})
}
