package account

import (
	"time"

	"am-user-management/domain"
)

// Deactivate closes an account until it is reactivated.
type Deactivate struct {
	UserID domain.ID
	Reason string
	Now    time.Time
}

// Stream is the account's.
func (c Deactivate) Stream() string { return StreamOf(c.UserID) }

// Decide closes the account, ends every session and voids every token that is out.
//
//	GIVEN an account that is open
//	THEN  AccountDeactivated
//	ERROR ErrNotFound; ErrInvalid with fields
//	IDEMPOTENCY nothing when it is closed
func (c Deactivate) Decide(s State) ([]Event, error) {
	if err := s.administrable(c.Reason); err != nil || s.Status == Inactive {
		return nil, err
	}
	return []Event{AccountDeactivated{UserID: c.UserID, Reason: c.Reason, At: c.Now}}, nil
}

// Reactivate opens a deactivated account again.
type Reactivate struct {
	UserID domain.ID
	Reason string
	Now    time.Time
}

// Stream is the account's.
func (c Reactivate) Stream() string { return StreamOf(c.UserID) }

// Decide opens the account, to what it was before: an address that was not proven is not proven now.
//
//	GIVEN an account that is closed
//	THEN  AccountReactivated
//	ERROR ErrNotFound; ErrAlreadyErasing; ErrInvalid with fields
//	IDEMPOTENCY nothing when it is open
func (c Reactivate) Decide(s State) ([]Event, error) {
	if err := s.administrable(c.Reason); err != nil {
		return nil, err
	}
	switch {
	case !s.ErasureID.IsZero():
		return nil, ErrAlreadyErasing
	case s.Status != Inactive:
		return nil, nil
	}
	return []Event{AccountReactivated{UserID: c.UserID, Reason: c.Reason, At: c.Now}}, nil
}

// administrable reports, as an error, what keeps an account from being administered: it is not there, or the reason
// is not fit to be shown.
func (s State) administrable(reason string) error {
	if !s.Exists() || s.Erased {
		return ErrNotFound
	}
	var faults domain.Faults
	faults.Add("reason", domain.TextFault(reason, maxReason))
	return faults.Err()
}
