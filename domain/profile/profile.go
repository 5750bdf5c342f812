// Package profile holds what users say about themselves, and the rules of what may be said. Text that passes is kept
// verbatim. It imports domain and the standard library only.
package profile

import (
	"time"

	"am-user-management/domain"
)

// ErrNotFound: the user has no profile, or has none yet.
var ErrNotFound = &domain.Error{
	Kind: domain.NotFound, Code: "profile.not-found", Title: "There is no such profile.",
}

// StreamOf names the stream of a user's profile.
func StreamOf(userID domain.ID) string { return "profile-" + userID.String() }

// State is what events add up to. Its zero value is "no profile".
type State struct {
	UserID     domain.ID
	FirstName  domain.Personal
	LastName   domain.Personal
	Bio        domain.Personal
	PictureURL domain.Personal
	Timezone   string
	Locale     string
	// Metadata is the text of a JSON object, "" for the empty one.
	Metadata  domain.Personal
	UpdatedAt time.Time
}

// Exists reports whether there is a profile.
func (s State) Exists() bool { return !s.UserID.IsZero() }

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case ProfileCreated:
		s = State{
			UserID: e.UserID, FirstName: e.FirstName, LastName: e.LastName,
			Timezone: e.Timezone, Locale: e.Locale, UpdatedAt: e.CreatedAt,
		}
	case ProfileUpdated:
		set(&s.FirstName, e.FirstName)
		set(&s.LastName, e.LastName)
		set(&s.Bio, e.Bio)
		set(&s.PictureURL, e.PictureURL)
		set(&s.Timezone, e.Timezone)
		set(&s.Locale, e.Locale)
		s.Metadata = MergeMetadata(s.Metadata, e.Metadata)
		s.UpdatedAt = e.UpdatedAt
	}
	return s
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
