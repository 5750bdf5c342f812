package account

import (
	"time"

	"am-user-management/domain"
)

// ChangePassword sets a new password. The old one was proven, and the new one checked and hashed, before.
type ChangePassword struct {
	UserID domain.ID
	// Proven is the credential whose password was shown.
	Proven       domain.ID
	CredentialID domain.ID
	PasswordHash domain.Secret
	// KeptSession is the session that goes on, zero for none; KeptEpoch the count of endings that it was started under.
	KeptSession domain.ID
	KeptEpoch   int64
	Now         time.Time
}

// Stream is the account's.
func (c ChangePassword) Stream() string { return StreamOf(c.UserID) }

// Decide sets the password, ends every other session and voids every token that is out.
//
//	GIVEN an account whose password is the proven one
//	THEN  PasswordChanged
//	ERROR ErrNotFound; ErrInvalidCredentials when the password was changed since it was proven; ErrInactive
//	IDEMPOTENCY by the command's id, outside
func (c ChangePassword) Decide(s State) ([]Event, error) {
	if err := s.proven(c.UserID, c.Proven); err != nil {
		return nil, err
	}
	if s.Status == Inactive {
		return nil, ErrInactive
	}
	return []Event{PasswordChanged{
		UserID: c.UserID, CredentialID: c.CredentialID, PasswordHash: c.PasswordHash, PreviousCredentialID: s.CredentialID,
		KeptSession: s.keep(c.KeptSession, c.KeptEpoch), ChangedAt: c.Now,
	}}, nil
}

// RehashPassword replaces the hash of the password that was proven by one of today's cost.
type RehashPassword struct {
	UserID       domain.ID
	Proven       domain.ID
	CredentialID domain.ID
	PasswordHash domain.Secret
	Now          time.Time
}

// Stream is the account's.
func (c RehashPassword) Stream() string { return StreamOf(c.UserID) }

// Decide replaces the hash.
//
//	GIVEN an account whose password is the proven one
//	THEN  PasswordRehashed
//	IDEMPOTENCY nothing when the password or its hash was replaced since it was proven, or there is no account
func (c RehashPassword) Decide(s State) ([]Event, error) {
	if !s.Exists() || s.Erased || s.CredentialID != c.Proven {
		return nil, nil
	}
	return []Event{PasswordRehashed{
		UserID: c.UserID, CredentialID: c.CredentialID, PasswordHash: c.PasswordHash, PreviousCredentialID: s.CredentialID, At: c.Now,
	}}, nil
}

// proven reports, as an error, that the credential which was shown is not the account's any more.
func (s State) proven(user, credential domain.ID) error {
	switch {
	case !s.Exists() || s.Erased || s.UserID != user:
		return ErrNotFound
	case s.CredentialID != credential:
		return ErrInvalidCredentials
	}
	return nil
}
