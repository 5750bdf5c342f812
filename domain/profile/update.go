package profile

import (
	"encoding/json"
	"time"

	"am-user-management/domain"
)

// Patch is a merge patch (RFC 7396) of a profile: nil leaves a field, the empty text clears it.
type Patch struct {
	FirstName  *domain.Personal
	LastName   *domain.Personal
	Bio        *domain.Personal
	PictureURL *domain.Personal
	Timezone   *string
	Locale     *string
	// Metadata is JSON as it was received: nil leaves the metadata, null clears it, an object is merged into it.
	Metadata json.RawMessage
}

// Limits are the settings that a patch is judged by.
type Limits struct {
	// MaxBio is the most code points of a bio.
	MaxBio int
	// PictureFormats are the extensions, without dot, that a picture's URL may end with.
	PictureFormats []string
	// ValidZone looks a time zone up; nil leaves it at the shape of the name.
	ValidZone func(name string) bool
}

// Update changes some fields of a profile.
type Update struct {
	UserID domain.ID
	Patch  Patch
	Limits Limits
	Now    time.Time
}

// Stream is the profile's.
func (c Update) Stream() string { return StreamOf(c.UserID) }

// Decide changes the fields.
//
//	GIVEN a profile
//	THEN  ProfileUpdated with the fields whose value changes
//	ERROR ErrNotFound; ErrInvalid with fields
//	IDEMPOTENCY nothing when no value changes
func (c Update) Decide(s State) ([]Event, error) {
	if !s.Exists() {
		return nil, ErrNotFound
	}
	faults := c.Patch.faults(c.Limits)
	metadata, merged, fault := patchMetadata(s.Metadata, c.Patch.Metadata)
	faults.Add("metadata", fault)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	event := ProfileUpdated{
		UserID:     c.UserID,
		FirstName:  changed(s.FirstName, c.Patch.FirstName),
		LastName:   changed(s.LastName, c.Patch.LastName),
		Bio:        changed(s.Bio, c.Patch.Bio),
		PictureURL: changed(s.PictureURL, c.Patch.PictureURL),
		Timezone:   changed(s.Timezone, c.Patch.Timezone),
		Locale:     changed(s.Locale, c.Patch.Locale),
	}
	if merged != s.Metadata {
		event.Metadata = metadata
	}
	if event == (ProfileUpdated{UserID: c.UserID}) {
		return nil, nil
	}
	event.UpdatedAt = c.Now
	return []Event{event}, nil
}

// changed is the wanted value, or nil where it is the present one.
func changed[T comparable](present T, wanted *T) *T {
	if wanted == nil || *wanted == present {
		return nil
	}
	value := *wanted
	return &value
}
