package readmodel

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// The answers about a session that may not be used.
var (
	// ErrNoSession: there is no such session, or it ended, or ran out, or was unused for too long.
	ErrNoSession = errors.New("no such session")
	// ErrInactive: the session is good, its account may not be used.
	ErrInactive = errors.New("the account is not active")
)

// active is the status of an account that may be used.
const active = "ACTIVE"

// Caller is who makes a request: a session that holds at the time of the request, of an account that is active.
type Caller struct {
	SessionID uuid.UUID
	UserID    uuid.UUID
	ExpiresAt time.Time
	// LastSeenAt is when the session was used, as far as this process knows: it may have been used later.
	LastSeenAt time.Time
	idle       time.Duration
}

// callerColumns and callerTables answer what the check of a session needs, by the index on the secret's hash
// and a primary key. These tables are applied inline, so the answer holds on every instance at once. When the session
// was last used is asked for only where it matters: see lastSeen.
const (
	callerColumns = `s.session_id, s.user_id, s.started_at, s.expires_at, s.idle_seconds, s.ended_at, a.status,
		s.epoch, a.session_epoch, a.kept_session`
	callerTables = ` FROM sessions s JOIN accounts a ON a.user_id = s.user_id`
	callerWhere  = ` WHERE s.secret_hash = $1`
)

type callerRow struct {
	sessionID, userID    pgtype.UUID
	startedAt, expiresAt pgtype.Timestamptz
	endedAt              pgtype.Timestamptz
	idleSeconds          pgtype.Int8
	status               pgtype.Text
	epoch, accountEpoch  pgtype.Int8
	keptSession          pgtype.UUID
}

func (row *callerRow) targets(more ...any) []any {
	return append([]any{
		&row.sessionID, &row.userID, &row.startedAt, &row.expiresAt, &row.idleSeconds, &row.endedAt, &row.status,
		&row.epoch, &row.accountEpoch, &row.keptSession,
	}, more...)
}

// Caller returns who shows the secret with this SHA-256 hash. It returns ErrNoSession and ErrInactive.
func (r *Reader) Caller(ctx context.Context, secretHash []byte, now time.Time) (Caller, error) {
	var row callerRow
	return r.caller(ctx, now, &row, `SELECT `+callerColumns+callerTables+callerWhere, []any{secretHash})
}

// ProfileFor is Caller and Profile of the caller in one query. The profile's own error is ErrNotFound, with a caller
// that is valid.
func (r *Reader) ProfileFor(ctx context.Context, secretHash []byte, now time.Time) (Caller, Profile, error) {
	var row callerRow
	var profile profileRow
	caller, err := r.caller(ctx, now, &row, `SELECT `+callerColumns+`, `+profileColumns+callerTables+
		` LEFT JOIN profiles p ON p.user_id = s.user_id`+callerWhere, []any{secretHash}, profile.targets()...)
	if err != nil {
		return Caller{}, Profile{}, err
	}
	found, err := profile.value()
	return caller, found, err
}

// AccountFor is Caller and Account of the caller in one query.
func (r *Reader) AccountFor(ctx context.Context, secretHash []byte, now time.Time) (Caller, Account, error) {
	var row callerRow
	var account Account
	caller, err := r.caller(ctx, now, &row, `SELECT `+callerColumns+`, `+accountColumns+callerTables+callerWhere,
		[]any{secretHash}, account.targets()...)
	if err != nil {
		return Caller{}, Account{}, err
	}
	account.normalise()
	return caller, account, nil
}

// caller runs a query whose first columns are callerColumns, and judges the session that it finds.
func (r *Reader) caller(ctx context.Context, now time.Time, row *callerRow, sql string, args []any, more ...any) (Caller, error) {
	err := r.row(ctx, sql, args, row.targets(more...)...)
	if errors.Is(err, ErrNotFound) {
		return Caller{}, ErrNoSession
	}
	if err != nil {
		return Caller{}, err
	}
	if row.endedAt.Valid { // asked here: as a condition it led Postgres to scan all open sessions while it had no statistics
		return Caller{}, ErrNoSession
	}
	if row.epoch.Int64 < row.accountEpoch.Int64 && row.keptSession != row.sessionID {
		return Caller{}, ErrNoSession // all sessions ended since
	}
	c := Caller{
		SessionID: row.sessionID.Bytes, UserID: row.userID.Bytes, ExpiresAt: row.expiresAt.Time.UTC(),
		idle: time.Duration(row.idleSeconds.Int64) * time.Second,
	}
	if !now.Before(c.ExpiresAt) {
		return Caller{}, ErrNoSession
	}
	if c.LastSeenAt, err = r.lastSeen(ctx, c, row.startedAt.Time.UTC(), now); err != nil {
		return Caller{}, err
	}
	if !now.Before(c.LastSeenAt.Add(c.idle)) {
		return Caller{}, ErrNoSession
	}
	if row.status.String != active {
		return Caller{}, ErrInactive
	}
	return c, nil
}
