package session

import (
	"time"

	"am-user-management/domain"
)

// End ends a user's session for good.
type End struct {
	SessionID domain.ID
	UserID    domain.ID
	Reason    Reason
	Now       time.Time
}

// Stream is the session's.
func (c End) Stream() string { return StreamOf(c.SessionID) }

// Decide ends the session.
//
//	GIVEN a session of the user
//	THEN  SessionEnded
//	ERROR ErrNotFound when it was never started, or is another user's
//	IDEMPOTENCY nothing when it was ended before
func (c End) Decide(s State) ([]Event, error) {
	switch {
	case !s.Exists() || s.UserID != c.UserID:
		return nil, ErrNotFound
	case !s.EndedAt.IsZero():
		return nil, nil
	}
	return []Event{SessionEnded{
		SessionID: c.SessionID, UserID: c.UserID, Reason: c.Reason, EndedAt: c.Now,
	}}, nil
}
