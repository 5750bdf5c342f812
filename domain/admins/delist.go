package admins

import (
	"time"

	"am-user-management/domain"
)

// Delist takes a user off before they lose the role or the use of their account.
type Delist struct {
	UserID domain.ID
	// AccessRevision or AccountRevision is what the loss was decided on.
	AccessRevision, AccountRevision *uint64
	// Remaining is somebody else who can administer the installation, as their own streams say; zero for nobody.
	Remaining domain.ID
	Now       time.Time
}

// Stream is the list.
func (c Delist) Stream() string { return Stream }

// Decide takes the user off, also one who is not on the list yet: somebody may be about to put them there.
//
//	GIVEN somebody else is listed who can administer
//	THEN  AdminDelisted
//	ERROR ErrLast when nobody is
//	IDEMPOTENCY nothing when the user was taken off for the same loss
func (c Delist) Decide(s State) ([]Event, error) {
	member := s.Members[c.UserID]
	if !member.Listed && passed(c.AccessRevision, member.FromAccess) && passed(c.AccountRevision, member.FromAccount) {
		return nil, nil
	}
	if c.Remaining == c.UserID || !s.Members[c.Remaining].Listed {
		return nil, ErrLast
	}
	return []Event{AdminDelisted{
		UserID: c.UserID, AccessRevision: c.AccessRevision, AccountRevision: c.AccountRevision, At: c.Now,
	}}, nil
}

func passed(revision *uint64, from uint64) bool { return revision == nil || *revision < from }
