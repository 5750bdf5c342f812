package account

import (
	"time"

	"am-user-management/domain"
)

// requestPause is how long after one mail no other is sent.
const requestPause = time.Minute

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
	case s.Status != PendingVerification || c.tooSoon(s.Requests):
		return nil, nil
	}
	return []Event{EmailVerificationRequested{
		UserID: c.UserID, RequestID: c.RequestID, ExpiresAt: c.ExpiresAt, RequestedAt: c.Now,
	}}, nil
}

// tooSoon does not hold for a request from the future: after the clock was set back, users must not wait until it
// catches up.
func (c RequestVerification) tooSoon(requests []Request) bool {
	if len(requests) == 0 {
		return false
	}
	age := c.Now.Sub(requests[len(requests)-1].RequestedAt)
	return 0 <= age && age < requestPause
}
