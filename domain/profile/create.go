package profile

import (
	"time"

	"am-user-management/domain"
)

// Create opens a profile from what was said at sign-up, where it was checked.
type Create struct {
	UserID    domain.ID
	FirstName domain.Personal
	LastName  domain.Personal
	Timezone  string
	Locale    string
	Now       time.Time
}

// Stream is the profile's.
func (c Create) Stream() string { return StreamOf(c.UserID) }

// Decide opens the profile.
//
//	GIVEN no profile
//	THEN  ProfileCreated
//	IDEMPOTENCY nothing when there is one
func (c Create) Decide(s State) ([]Event, error) {
	if s.Exists() {
		return nil, nil
	}
	return []Event{ProfileCreated{
		UserID: c.UserID, FirstName: c.FirstName, LastName: c.LastName,
		Timezone: c.Timezone, Locale: c.Locale, CreatedAt: c.Now,
	}}, nil
}
