package account

import (
	"time"

	"am-user-management/domain"
)

// RequestPasswordReset asks for a mail with a token that a new password can be set by.
type RequestPasswordReset struct {
	UserID    domain.ID
	RequestID domain.ID
	ExpiresAt time.Time
	Now       time.Time
}

// Stream is the account's.
func (c RequestPasswordReset) Stream() string { return StreamOf(c.UserID) }

// Decide requests the mail; earlier requests stay valid.
//
//	GIVEN an account that is not closed
//	THEN  PasswordResetRequested
//	ERROR ErrNotFound
//	IDEMPOTENCY nothing when the account is inactive, and within a minute of the request before
func (c RequestPasswordReset) Decide(s State) ([]Event, error) {
	switch {
	case !s.Exists():
		return nil, ErrNotFound
	case s.Status == Inactive || tooSoon(s.Resets, c.Now):
		return nil, nil
	}
	return []Event{PasswordResetRequested{
		UserID: c.UserID, RequestID: c.RequestID, ExpiresAt: c.ExpiresAt, RequestedAt: c.Now,
	}}, nil
}

// ResetPassword sets a new password by the token that RequestID was read from. The password is checked and hashed
// before; CanReset tells whether that is worth it.
type ResetPassword struct {
	UserID       domain.ID
	RequestID    domain.ID
	CredentialID domain.ID
	PasswordHash domain.Secret
	Now          time.Time
}

// Stream is the account's.
func (c ResetPassword) Stream() string { return StreamOf(c.UserID) }

// Decide sets the password, ends every session and voids every token that is out. It opens no session, and changes
// nothing else about the account: who is deactivated, locked or not verified stays so.
//
//	GIVEN a request that is neither used nor expired
//	THEN  PasswordChanged
//	ERROR ErrTokenInvalid (also when there is no account), ErrTokenUsed, ErrTokenExpired
//	IDEMPOTENCY by the command's id, outside: the token works once
func (c ResetPassword) Decide(s State) ([]Event, error) {
	if err := s.CanReset(c.RequestID, c.Now); err != nil {
		return nil, err
	}
	return []Event{PasswordChanged{
		UserID: c.UserID, CredentialID: c.CredentialID, PasswordHash: c.PasswordHash, PreviousCredentialID: s.CredentialID,
		RequestID: c.RequestID, ChangedAt: c.Now,
	}}, nil
}

// CanReset returns nil if the token of a request would reset the password now; else ErrTokenInvalid, ErrTokenUsed or
// ErrTokenExpired.
func (s State) CanReset(requestID domain.ID, now time.Time) error {
	for _, request := range s.Resets {
		if request.ID == requestID {
			return redeemable(request, now)
		}
	}
	return ErrTokenInvalid
}
