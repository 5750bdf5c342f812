// Package session holds the rules of a session: the time between a login and its end. The text that the client shows
// never comes here, only its hash. It imports domain and the standard library only.
package session

import (
	"time"

	"am-user-management/domain"
)

// Reason is why a session was ended.
type Reason string

// The reasons.
const (
	LoggedOut Reason = "logged-out" // the session itself asked for it
	Revoked   Reason = "revoked"    // its user ended it from another session
)

// The rules of the module.
var (
	ErrNotFound = &domain.Error{
		Kind: domain.NotFound, Code: "session.not-found", Title: "There is no such session.",
	}
	ErrAlreadyStarted = &domain.Error{
		Kind: domain.Conflict, Code: "session.already-started", Title: "Another session was started under this id.",
	}
)

// StreamOf names the stream of a session.
func StreamOf(sessionID domain.ID) string { return "session-" + sessionID.String() }

// State is what events add up to. Its zero value is "no session".
type State struct {
	UserID     domain.ID
	SecretHash string
	StartedAt  time.Time
	ExpiresAt  time.Time
	Idle       time.Duration
	Epoch      int64
	// EndedAt is zero until the session is ended; a session that merely ran out is not ended.
	EndedAt time.Time
}

// Exists reports whether the session was started.
func (s State) Exists() bool { return !s.UserID.IsZero() }

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case SessionStarted:
		s = State{
			UserID: e.UserID, SecretHash: e.SecretHash,
			StartedAt: e.StartedAt, ExpiresAt: e.ExpiresAt, Idle: time.Duration(e.IdleSeconds) * time.Second, Epoch: e.Epoch,
		}
	case SessionEnded:
		s.EndedAt = e.EndedAt
	}
	return s
}
