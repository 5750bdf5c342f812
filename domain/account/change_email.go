package account

import (
	"time"

	"am-user-management/domain"
)

// RequestEmailChange asks the owner of another address to prove it. The password was proven before.
type RequestEmailChange struct {
	UserID        domain.ID
	Proven        domain.ID
	RequestID     domain.ID
	NewEmail      domain.Personal
	NewEmailClaim string
	ExpiresAt     time.Time
	Now           time.Time
}

// Stream is the account's.
func (c RequestEmailChange) Stream() string { return StreamOf(c.UserID) }

// Decide requests the change. Whether the address is free is not asked: the answer must not tell.
//
//	GIVEN an account whose password is the proven one
//	THEN  EmailChangeRequested
//	ERROR ErrNotFound; ErrInvalidCredentials when the password was changed since it was proven; ErrInactive
//	IDEMPOTENCY nothing when the address is the account's already, and within a minute of the request before
func (c RequestEmailChange) Decide(s State) ([]Event, error) {
	if err := s.proven(c.UserID, c.Proven); err != nil {
		return nil, err
	}
	switch {
	case s.Status == Inactive:
		return nil, ErrInactive
	case s.EmailClaim == c.NewEmailClaim:
		return nil, nil
	}
	if n := len(s.Changes); n > 0 && tooSoon([]Request{s.Changes[n-1].Request}, c.Now) {
		return nil, nil
	}
	return []Event{EmailChangeRequested{
		UserID: c.UserID, RequestID: c.RequestID, NewEmail: c.NewEmail, NewEmailClaim: c.NewEmailClaim,
		ExpiresAt: c.ExpiresAt, RequestedAt: c.Now,
	}}, nil
}

// ConfirmEmailChange gives the account the address of a request, by the token that RequestID was read from. The address
// is claimed for the account before.
type ConfirmEmailChange struct {
	UserID    domain.ID
	RequestID domain.ID
	Now       time.Time
}

// Stream is the account's.
func (c ConfirmEmailChange) Stream() string { return StreamOf(c.UserID) }

// Decide changes the address.
//
//	GIVEN a request that is neither used nor expired
//	THEN  EmailChanged
//	ERROR ErrTokenInvalid (also when there is no account), ErrTokenUsed, ErrTokenExpired
//	IDEMPOTENCY by the command's id, outside: the token works once
func (c ConfirmEmailChange) Decide(s State) ([]Event, error) {
	change, err := s.RedeemableChange(c.RequestID, c.Now)
	if err != nil {
		return nil, err
	}
	return []Event{EmailChanged{
		UserID: c.UserID, RequestID: c.RequestID, Email: change.Email, EmailClaim: change.Claim,
		PreviousEmail: s.Email, PreviousEmailClaim: s.EmailClaim, ChangedAt: c.Now,
	}}, nil
}

// RedeemableChange is the change that the token of a request would make now; else ErrTokenInvalid, ErrTokenUsed or
// ErrTokenExpired.
func (s State) RedeemableChange(requestID domain.ID, now time.Time) (Change, error) {
	for _, change := range s.Changes {
		if change.ID == requestID {
			return change, redeemable(change.Request, now)
		}
	}
	return Change{}, ErrTokenInvalid
}

// AbortEmailChange gives up the changes to an address whose claim led to nothing.
type AbortEmailChange struct {
	UserID     domain.ID
	EmailClaim string
	Reason     string
	Now        time.Time
}

// Stream is the account's.
func (c AbortEmailChange) Stream() string { return StreamOf(c.UserID) }

// Decide gives up the changes. It records that even if there is none: the event keeps a change that is decided at the
// same moment from being stored.
//
//	GIVEN an account whose address is not that of the claim
//	THEN  EmailChangeAborted
//	IDEMPOTENCY nothing when the claim is that of the account's address, there is no account, or it is being erased:
//	  no change can be stored then either
func (c AbortEmailChange) Decide(s State) ([]Event, error) {
	if !s.Exists() || !s.ErasureID.IsZero() || s.EmailClaim == c.EmailClaim {
		return nil, nil
	}
	return []Event{EmailChangeAborted{UserID: c.UserID, EmailClaim: c.EmailClaim, Reason: c.Reason, At: c.Now}}, nil
}
