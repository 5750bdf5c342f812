package session

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to a session.
//
//sumtype:decl
type Event interface {
	domain.Event
	session()
}

// SessionStarted tells that a user proved who they are and got a session.
type SessionStarted struct {
	SessionID domain.ID `json:"session_id"`
	UserID    domain.ID `json:"user_id"`
	// SecretHash is the hex SHA-256 of the text that the client shows as its session; the text itself is not stored.
	SecretHash string          `json:"secret_hash"`
	IP         domain.Personal `json:"ip,omitzero"`
	UserAgent  domain.Personal `json:"user_agent,omitzero"`
	StartedAt  time.Time       `json:"started_at"`
	// ExpiresAt is the absolute end, whatever the use.
	ExpiresAt time.Time `json:"expires_at"`
	// IdleSeconds is how long the session may stay unused.
	IdleSeconds int64 `json:"idle_seconds"`
	// Epoch is the account's count of endings of all sessions when the password was proven: a later ending ends this
	// session, however the two met.
	Epoch int64 `json:"epoch,omitzero"`
}

// SessionEnded tells that a session was ended before its time.
type SessionEnded struct {
	SessionID domain.ID `json:"session_id"`
	UserID    domain.ID `json:"user_id"`
	Reason    Reason    `json:"reason"`
	EndedAt   time.Time `json:"ended_at"`
}

// EventType is the name on the wire.
func (SessionStarted) EventType() string { return "session.session_started.v1" }

// EventType is the name on the wire.
func (SessionEnded) EventType() string { return "session.session_ended.v1" }

// Subject is the user.
func (e SessionStarted) Subject() domain.ID { return e.UserID }

func (SessionStarted) session() {}
func (SessionEnded) session()   {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{SessionStarted{}, SessionEnded{}}
