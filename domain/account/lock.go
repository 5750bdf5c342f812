package account

import (
	"time"

	"am-user-management/domain"
)

// Lock records that logins are refused until a time, from where too many failed.
type Lock struct {
	UserID domain.ID
	Until  time.Time
	Now    time.Time
}

// Stream is the account's.
func (c Lock) Stream() string { return StreamOf(c.UserID) }

// Decide records the lock.
//
//	GIVEN an account
//	THEN  AccountLocked
//	ERROR ErrNotFound
//	IDEMPOTENCY nothing when a lock that ends later, or then, is recorded
func (c Lock) Decide(s State) ([]Event, error) {
	switch {
	case !s.Exists() || s.Erased:
		return nil, ErrNotFound
	case !c.Until.After(s.LockedUntil):
		return nil, nil
	}
	return []Event{AccountLocked{UserID: c.UserID, Until: c.Until, At: c.Now}}, nil
}

// Unlock ends all locks.
type Unlock struct {
	UserID domain.ID
	Reason string
	Now    time.Time
}

// Stream is the account's.
func (c Unlock) Stream() string { return StreamOf(c.UserID) }

// Decide ends the locks.
//
//	GIVEN an account that was locked since it was last unlocked
//	THEN  AccountUnlocked
//	ERROR ErrNotFound; ErrInvalid with fields
//	IDEMPOTENCY nothing when it was not
func (c Unlock) Decide(s State) ([]Event, error) {
	if err := s.administrable(c.Reason); err != nil || s.LockedUntil.IsZero() {
		return nil, err
	}
	return []Event{AccountUnlocked{UserID: c.UserID, Reason: c.Reason, At: c.Now}}, nil
}
