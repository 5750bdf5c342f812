package readmodel

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Session is one session as its owner sees it. ID is not the secret.
type Session struct {
	ID         uuid.UUID `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	IP         *string   `json:"ip"`
	UserAgent  *string   `json:"user_agent"`
	Current    bool      `json:"current"`
}

// SessionKey is the place of a session in the list: newest first.
type SessionKey struct {
	CreatedAt time.Time
	ID        uuid.UUID
}

// Sessions returns at most limit sessions of a user that hold at a time, newest first, from behind a place on; the
// zero place is the beginning. current marks the session that asks.
func (r *Reader) Sessions(ctx context.Context, user, current uuid.UUID, now time.Time, after SessionKey, limit int) ([]Session, error) {
	rows, err := r.pool.Query(ctx, `
		SELECT s.session_id, s.started_at, coalesce(v.last_seen_at, s.started_at), s.ip, s.user_agent
		FROM sessions s JOIN accounts a ON a.user_id = s.user_id
			LEFT JOIN session_activity v ON v.session_id = s.session_id
		WHERE s.user_id = $1 AND (s.epoch >= a.session_epoch OR s.session_id = a.kept_session) AND s.ended_at IS NULL AND s.expires_at > $2
			AND coalesce(v.last_seen_at, s.started_at) + s.idle_seconds * interval '1 second' > $2
			AND ($3::timestamptz IS NULL OR (s.started_at, s.session_id) < ($3, $4))
		ORDER BY s.started_at DESC, s.session_id DESC LIMIT $5`,
		[16]byte(user), now, orNull(after.CreatedAt), [16]byte(after.ID), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Session, err error) {
		err = row.Scan((*[16]byte)(&s.ID), &s.CreatedAt, &s.LastSeenAt, &s.IP, &s.UserAgent)
		utc(&s.CreatedAt, &s.LastSeenAt)
		s.Current = s.ID == current
		return s, err
	})
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
