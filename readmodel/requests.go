package readmodel

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Remember keeps the fingerprint of a request that leaves no event, and returns the fingerprint under which the
// command id was remembered first: another one means that an Idempotency-Key was used for two requests.
func (r *Reader) Remember(ctx context.Context, command uuid.UUID, fingerprint string, now time.Time) (string, error) {
	var remembered string
	err := r.row(ctx, `
		INSERT INTO idempotency_keys AS k (command_id, fingerprint, created_at) VALUES ($1, $2, $3)
		ON CONFLICT (command_id) DO UPDATE SET fingerprint = k.fingerprint
		RETURNING k.fingerprint`, []any{[16]byte(command), fingerprint, now}, &remembered)
	return remembered, err
}

// Forget removes what nobody asks for any more: remembered requests from before a time, and when sessions were last
// seen that ended or ran out before it.
func (r *Reader) Forget(ctx context.Context, before time.Time) error {
	if _, err := r.pool.Exec(ctx, `DELETE FROM idempotency_keys WHERE created_at < $1`, before); err != nil {
		return err
	}
	_, err := r.pool.Exec(ctx, `
		DELETE FROM session_activity v USING sessions s
		WHERE s.session_id = v.session_id AND (s.ended_at < $1 OR s.expires_at < $1)`, before)
	return err
}
