package profile

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to a profile.
//
//sumtype:decl
type Event interface {
	domain.Event
	profile()
}

// ProfileCreated opens a profile with what the user said about themselves at sign-up.
type ProfileCreated struct {
	UserID    domain.ID       `json:"user_id"`
	FirstName domain.Personal `json:"first_name,omitzero"`
	LastName  domain.Personal `json:"last_name,omitzero"`
	Timezone  string          `json:"timezone,omitzero"`
	Locale    string          `json:"locale,omitzero"`
	CreatedAt time.Time       `json:"created_at"`
}

// ProfileUpdated carries what changed and nothing else: a nil field stays as it was, an empty text was cleared. (The
// tag omitzero would leave out a pointer to an empty text as well.)
type ProfileUpdated struct {
	UserID     domain.ID        `json:"user_id"`
	FirstName  *domain.Personal `json:"first_name,omitempty"`
	LastName   *domain.Personal `json:"last_name,omitempty"`
	Bio        *domain.Personal `json:"bio,omitempty"`
	PictureURL *domain.Personal `json:"picture_url,omitempty"`
	Timezone   *string          `json:"timezone,omitzero"`
	Locale     *string          `json:"locale,omitzero"`
	// Metadata is the JSON text of a merge patch (RFC 7396) of the metadata; "null" clears it, no text leaves it.
	// It is personal because nobody knows what clients put there. See MergeMetadata.
	Metadata  domain.Personal `json:"metadata,omitzero"`
	UpdatedAt time.Time       `json:"updated_at"`
}

// EventType is the name on the wire.
func (ProfileCreated) EventType() string { return "profile.profile_created.v1" }

// EventType is the name on the wire.
func (ProfileUpdated) EventType() string { return "profile.profile_updated.v1" }

// Subject is the user.
func (e ProfileCreated) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e ProfileUpdated) Subject() domain.ID { return e.UserID }

func (ProfileCreated) profile() {}
func (ProfileUpdated) profile() {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{ProfileCreated{}, ProfileUpdated{}}
