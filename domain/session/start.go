package session

import (
	"time"

	"am-user-management/domain"
)

// Start opens a session for a user who proved who they are.
type Start struct {
	SessionID  domain.ID
	UserID     domain.ID
	SecretHash string
	IP         domain.Personal
	UserAgent  domain.Personal
	// ExpiresAt is the absolute end, whatever the use.
	ExpiresAt time.Time
	// Idle is how long the session may stay unused; kept in whole seconds.
	Idle time.Duration
	// Epoch is the account's count of endings of all sessions when the password was proven.
	Epoch int64
	Now   time.Time
}

// Stream is the session's.
func (c Start) Stream() string { return StreamOf(c.SessionID) }

// Decide opens the session.
//
//	GIVEN no session
//	THEN  SessionStarted
//	ERROR ErrAlreadyStarted when the id stands for another user's session or another secret
//	IDEMPOTENCY nothing when it was started for the same user and secret
func (c Start) Decide(s State) ([]Event, error) {
	switch {
	case s.Exists() && s.UserID == c.UserID && s.SecretHash == c.SecretHash:
		return nil, nil
	case s.Exists():
		return nil, ErrAlreadyStarted
	}
	return []Event{SessionStarted{
		SessionID: c.SessionID, UserID: c.UserID, SecretHash: c.SecretHash, IP: c.IP, UserAgent: c.UserAgent,
		StartedAt: c.Now, ExpiresAt: c.ExpiresAt, IdleSeconds: int64(c.Idle / time.Second), Epoch: c.Epoch,
	}}, nil
}
