package projections

import (
	"encoding/hex"
	"time"

	"am-user-management/domain/session"
	"am-user-management/internal/eventstore"
)

type sessionRow struct {
	mark
	SessionID   uuid
	UserID      uuid
	SecretHash  []byte
	IP          *string
	UserAgent   *string
	StartedAt   time.Time
	ExpiresAt   time.Time
	IdleSeconds int64
	Epoch       int64
	EndedAt     *time.Time
}

// newSessions projects session streams: one row per session.
func newSessions() *table[uuid, sessionRow, *sessionRow] {
	return byStream("sessions", types(session.Events), sessionKey, foldSession,
		plain("session_id", "uuid", func(r *sessionRow) *uuid { return &r.SessionID }),
		plain("user_id", "uuid", func(r *sessionRow) *uuid { return &r.UserID }),
		plain("secret_hash", "bytea", func(r *sessionRow) *[]byte { return &r.SecretHash }),
		plain("ip", "text", func(r *sessionRow) **string { return &r.IP }),
		plain("user_agent", "text", func(r *sessionRow) **string { return &r.UserAgent }),
		plain("started_at", "timestamptz", func(r *sessionRow) *time.Time { return &r.StartedAt }),
		plain("expires_at", "timestamptz", func(r *sessionRow) *time.Time { return &r.ExpiresAt }),
		plain("idle_seconds", "bigint", func(r *sessionRow) *int64 { return &r.IdleSeconds }),
		plain("epoch", "bigint", func(r *sessionRow) *int64 { return &r.Epoch }),
		plain("ended_at", "timestamptz", func(r *sessionRow) **time.Time { return &r.EndedAt }),
	)
}

func sessionKey(e *eventstore.Envelope) (uuid, bool) {
	switch e := e.Event.(type) {
	case session.SessionStarted:
		return uuid(e.SessionID), true
	case session.SessionEnded:
		return uuid(e.SessionID), true
	}
	return uuid{}, false
}

func foldSession(r *sessionRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case session.SessionStarted:
		r.SessionID, r.UserID = uuid(e.SessionID), uuid(e.UserID)
		r.SecretHash = secretHash(e.SecretHash, e.SessionID[:])
		r.IP, r.UserAgent = personal(e.IP), personal(e.UserAgent)
		r.StartedAt, r.ExpiresAt, r.IdleSeconds = e.StartedAt, e.ExpiresAt, e.IdleSeconds
		r.Epoch = e.Epoch
	case session.SessionEnded:
		first(&r.EndedAt, e.EndedAt)
	}
}

// secretHash is the hash in bytes. A text that is no hash gives something that no secret hashes to: nobody can use
// that session, and its event stops nothing.
func secretHash(text string, session []byte) []byte {
	hash, err := hex.DecodeString(text)
	if err != nil || len(hash) != 32 {
		return session
	}
	return hash
}
