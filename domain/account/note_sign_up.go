package account

import (
	"time"

	"am-user-management/domain"
)

// NoteSignUp records that somebody signed up with the address of an account, so that its owner is told.
type NoteSignUp struct {
	UserID domain.ID
	Now    time.Time
}

// Stream is the account's.
func (c NoteSignUp) Stream() string { return StreamOf(c.UserID) }

// Decide records it.
//
//	GIVEN an account that is not closed
//	THEN  SignUpRepeated
//	IDEMPOTENCY nothing within an hour of the one before, when the account is closed, or there is none
func (c NoteSignUp) Decide(s State) ([]Event, error) {
	age := c.Now.Sub(s.NoticedAt)
	if !s.Exists() || s.Status == Inactive || 0 <= age && age < noticePause {
		return nil, nil
	}
	return []Event{SignUpRepeated{UserID: c.UserID, At: c.Now}}, nil
}
