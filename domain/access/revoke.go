package access

import (
	"time"

	"am-user-management/domain"
)

// Revoke takes a role from a user.
type Revoke struct {
	UserID domain.ID
	Role   string
	Reason string
	Now    time.Time
}

// Stream is the user's access.
func (c Revoke) Stream() string { return StreamOf(c.UserID) }

// Decide takes the role, even if it expired: a clock that is set back must not bring it back.
//
//	GIVEN a role that was given and not taken
//	THEN  RoleRevoked
//	ERROR ErrInvalid with fields: the reason is not fit to be shown
//	IDEMPOTENCY nothing when it is not there
func (c Revoke) Decide(s State) ([]Event, error) {
	var faults domain.Faults
	faults.Add("reason", domain.TextFault(c.Reason, maxReason))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if _, held := s.find(c.Role); !held {
		return nil, nil
	}
	return []Event{RoleRevoked{UserID: c.UserID, Role: c.Role, Reason: c.Reason, At: c.Now}}, nil
}
