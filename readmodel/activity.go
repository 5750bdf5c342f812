package readmodel

import (
	"context"
	"errors"
	"time"
)

// seenSessions is how many sessions a reader remembers the last use of.
const seenSessions = 1 << 16

// The use of a session is noted so often, and more often where it may stay unused for a short time only.
const (
	seenEvery     = time.Minute
	seenPerIdling = 10
)

// lastSeen is when the session was last used, as far as one must know to tell that it is not idle. What this process
// saw itself is no cache that can lag: a session that was used then was used then, whatever happens later. Only where
// that is not enough the table is asked, which knows what other instances saw.
func (r *Reader) lastSeen(ctx context.Context, c Caller, startedAt, now time.Time) (time.Time, error) {
	known := startedAt
	if seen, ok := r.seen.Get(c.SessionID); ok && seen.After(known) {
		known = seen
	}
	if now.Before(known.Add(c.idle)) {
		return known, nil
	}
	var noted time.Time
	err := r.row(ctx, `SELECT last_seen_at FROM session_activity WHERE session_id = $1`, []any{[16]byte(c.SessionID)}, &noted)
	switch {
	case errors.Is(err, ErrNotFound):
		return known, nil
	case err != nil:
		return time.Time{}, err
	}
	if noted.After(known) {
		known = noted.UTC()
		r.seen.Add(c.SessionID, known)
	}
	return known, nil
}

// Touch notes that a caller's session was used, at most once a minute: more often it does nothing.
func (r *Reader) Touch(ctx context.Context, c Caller, now time.Time) error {
	before := now.Add(-min(seenEvery, c.idle/seenPerIdling))
	if c.LastSeenAt.After(before) {
		return nil
	}
	_, err := r.pool.Exec(ctx, `
		INSERT INTO session_activity AS v (session_id, last_seen_at) VALUES ($1, $2)
		ON CONFLICT (session_id) DO UPDATE SET last_seen_at = excluded.last_seen_at WHERE v.last_seen_at <= $3`,
		[16]byte(c.SessionID), now, before)
	if err == nil {
		r.seen.Add(c.SessionID, now)
	}
	return err
}
