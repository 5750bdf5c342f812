package admins

import (
	"time"

	"am-user-management/domain"
)

// List counts a user as an administrator. That they hold the role was seen before, at these revisions.
type List struct {
	UserID                          domain.ID
	AccessRevision, AccountRevision uint64
	Now                             time.Time
}

// Stream is the list.
func (c List) Stream() string { return Stream }

// Decide lists the user.
//
//	GIVEN a user who is not listed, and was not taken off for what was seen of them
//	THEN  AdminListed
//	IDEMPOTENCY nothing when they are listed, or on their way out
func (c List) Decide(s State) ([]Event, error) {
	member := s.Members[c.UserID]
	if member.Listed || c.AccessRevision < member.FromAccess || c.AccountRevision < member.FromAccount {
		return nil, nil
	}
	return []Event{AdminListed{UserID: c.UserID, At: c.Now}}, nil
}
