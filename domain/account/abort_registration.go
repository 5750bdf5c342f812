package account

import (
	"time"

	"am-user-management/domain"
)

// AbortRegistration makes sure that a sign-up which claimed an address and went no further never completes. Only
// after it succeeded may the claim be released.
type AbortRegistration struct {
	UserID domain.ID
	Reason string
	Now    time.Time
}

// Stream is the account's.
func (c AbortRegistration) Stream() string { return StreamOf(c.UserID) }

// Decide closes the id.
//
//	GIVEN no account
//	THEN  RegistrationAborted
//	IDEMPOTENCY nothing when the account was opened, or the id closed, before
func (c AbortRegistration) Decide(s State) ([]Event, error) {
	if s.Exists() || s.Aborted {
		return nil, nil
	}
	return []Event{RegistrationAborted{UserID: c.UserID, Reason: c.Reason, At: c.Now}}, nil
}
