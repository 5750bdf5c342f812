package account

import (
	"time"

	"am-user-management/domain"
)

// RequestErasure begins the end of an account.
type RequestErasure struct {
	UserID    domain.ID
	ErasureID domain.ID
	Reason    string
	Now       time.Time
}

// Stream is the account's.
func (c RequestErasure) Stream() string { return StreamOf(c.UserID) }

// Decide closes the account at once, ends every session and voids every token that is out.
//
//	GIVEN an account
//	THEN  AccountErasureRequested
//	ERROR ErrNotFound; ErrInvalid with fields
//	IDEMPOTENCY nothing when it was requested before: the first request's id stands
func (c RequestErasure) Decide(s State) ([]Event, error) {
	if err := s.administrable(c.Reason); err != nil || !s.ErasureID.IsZero() {
		return nil, err
	}
	return []Event{AccountErasureRequested{UserID: c.UserID, ErasureID: c.ErasureID, Reason: c.Reason, At: c.Now}}, nil
}

// FinishErasure records that the keys of the personal data are destroyed and the address is free.
type FinishErasure struct {
	UserID domain.ID
	Now    time.Time
}

// Stream is the account's.
func (c FinishErasure) Stream() string { return StreamOf(c.UserID) }

// Decide records the end.
//
//	GIVEN an account whose erasure was requested
//	THEN  AccountErased
//	ERROR ErrNotFound
//	IDEMPOTENCY nothing when it is erased
func (c FinishErasure) Decide(s State) ([]Event, error) {
	switch {
	case s.ErasureID.IsZero():
		return nil, ErrNotFound
	case s.Erased:
		return nil, nil
	}
	return []Event{AccountErased{UserID: c.UserID, ErasureID: s.ErasureID, At: c.Now}}, nil
}
