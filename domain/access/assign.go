package access

import (
	"time"

	"am-user-management/domain"
)

// maxReason is the most code points of a reason.
const maxReason = 500

// Assign gives a role to a user, by its id. Whether the role is defined is asked before.
type Assign struct {
	UserID domain.ID
	Role   string
	// ExpiresAt is when the role ends by itself; nil for never.
	ExpiresAt *time.Time
	Reason    string
	Now       time.Time
}

// Stream is the user's access.
func (c Assign) Stream() string { return StreamOf(c.UserID) }

// Decide gives the role, or changes until when it is held.
//
//	GIVEN the role is not held, or until another time
//	THEN  RoleAssigned
//	ERROR ErrInvalid with fields: the end is not in the future, the reason is not fit to be shown
//	IDEMPOTENCY nothing when it is held until the same time; the first reason stands
func (c Assign) Decide(s State) ([]Event, error) {
	var faults domain.Faults
	if c.ExpiresAt != nil && !c.Now.Before(*c.ExpiresAt) {
		faults.Add("expires_at", "must be in the future")
	}
	faults.Add("reason", domain.TextFault(c.Reason, maxReason))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if i, held := s.find(c.Role); held && sameTime(s.Roles[i].ExpiresAt, c.ExpiresAt) {
		return nil, nil
	}
	return []Event{RoleAssigned{
		UserID: c.UserID, Role: c.Role, ExpiresAt: c.ExpiresAt, Reason: c.Reason, At: c.Now,
	}}, nil
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
