package session

import (
	"time"

	"am-user-management/domain"
)

// End ends a session for good.
type End struct {
	SessionID domain.ID
	// UserID is whose session it must be; zero when the session itself was shown, which proves enough.
	UserID domain.ID
	Reason Reason
	Now    time.Time
}

// Stream is the session's.
func (c End) Stream() string { return StreamOf(c.SessionID) }

// Decide ends the session.
//
//	GIVEN a session, of the user if one is named
//	THEN  SessionEnded
//	ERROR ErrNotFound when it was never started, or is another user's
//	IDEMPOTENCY nothing when it was ended before
func (c End) Decide(s State) ([]Event, error) {
	switch {
	case !s.Exists() || !c.UserID.IsZero() && c.UserID != s.UserID:
		return nil, ErrNotFound
	case !s.EndedAt.IsZero():
		return nil, nil
	}
	return []Event{SessionEnded{
		SessionID: c.SessionID, UserID: s.UserID, Reason: c.Reason, EndedAt: c.Now,
	}}, nil
}
