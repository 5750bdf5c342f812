package account

import (
	"time"

	"am-user-management/domain"
)

// VerifyEmail proves the address by the token that RequestID was read from.
type VerifyEmail struct {
	UserID    domain.ID
	RequestID domain.ID
	Now       time.Time
}

// Stream is the account's.
func (c VerifyEmail) Stream() string { return StreamOf(c.UserID) }

// Decide verifies the address. A token works once, until it expires, and only on the account that it was made for.
//
//	GIVEN a request that is neither used nor expired
//	THEN  EmailVerified
//	ERROR ErrTokenInvalid (also when there is no account), ErrTokenUsed, ErrTokenExpired
//	IDEMPOTENCY nothing when another request's token verified the address before
func (c VerifyEmail) Decide(s State) ([]Event, error) {
	for _, request := range s.Requests {
		switch {
		case request.ID != c.RequestID:
			continue
		case request.Used:
			return nil, ErrTokenUsed
		case !c.Now.Before(request.ExpiresAt):
			return nil, ErrTokenExpired
		case !s.VerifiedAt.IsZero():
			return nil, nil
		}
		return []Event{EmailVerified{UserID: c.UserID, RequestID: c.RequestID, VerifiedAt: c.Now}}, nil
	}
	return nil, ErrTokenInvalid
}
