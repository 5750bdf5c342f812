package account

import (
	"time"

	"am-user-management/domain"
)

// RequestVerification asks for another mail with a token.
type RequestVerification struct {
	UserID    domain.ID
	RequestID domain.ID
	ExpiresAt time.Time
	Now       time.Time
}

// Stream is the account's.
func (c RequestVerification) Stream() string { return StreamOf(c.UserID) }

// Decide requests the mail; earlier requests stay valid.
//
//	GIVEN an account whose address is not proven
//	THEN  EmailVerificationRequested
//	ERROR ErrNotFound
//	IDEMPOTENCY nothing when the account is not pending, and within a minute of the request before
func (c RequestVerification) Decide(s State) ([]Event, error) {
	switch {
	case !s.Exists():
		return nil, ErrNotFound
	case s.Status != PendingVerification || tooSoon(s.Requests, c.Now):
		return nil, nil
	}
	return []Event{EmailVerificationRequested{
		UserID: c.UserID, RequestID: c.RequestID, ExpiresAt: c.ExpiresAt, RequestedAt: c.Now,
	}}, nil
}
