package projections

import (
	"time"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/internal/eventstore"
)

type profileRow struct {
	mark
	UserID     uuid
	FirstName  *string
	LastName   *string
	Bio        *string
	PictureURL *string
	Timezone   string
	Locale     string
	Metadata   *string // nil if it was erased, "" for the empty object
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// newProfiles projects profile streams: one row per profile.
func newProfiles() *table[uuid, profileRow, *profileRow] {
	return byStream("profiles", types(profile.Events), profileKey, foldProfile,
		plain("user_id", "uuid", func(r *profileRow) *uuid { return &r.UserID }),
		plain("first_name", "text", func(r *profileRow) **string { return &r.FirstName }),
		plain("last_name", "text", func(r *profileRow) **string { return &r.LastName }),
		plain("bio", "text", func(r *profileRow) **string { return &r.Bio }),
		plain("picture_url", "text", func(r *profileRow) **string { return &r.PictureURL }),
		plain("timezone", "text", func(r *profileRow) *string { return &r.Timezone }),
		plain("locale", "text", func(r *profileRow) *string { return &r.Locale }),
		plain("metadata", "text", func(r *profileRow) **string { return &r.Metadata }),
		plain("created_at", "timestamptz", func(r *profileRow) *time.Time { return &r.CreatedAt }),
		plain("updated_at", "timestamptz", func(r *profileRow) *time.Time { return &r.UpdatedAt }),
	)
}

func profileKey(e *eventstore.Envelope) (uuid, bool) {
	switch e := e.Event.(type) {
	case profile.ProfileCreated:
		return uuid(e.UserID), true
	case profile.ProfileUpdated:
		return uuid(e.UserID), true
	}
	return uuid{}, false
}

func foldProfile(r *profileRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case profile.ProfileCreated:
		r.UserID, r.CreatedAt, r.UpdatedAt = uuid(e.UserID), e.CreatedAt, e.CreatedAt
		r.FirstName, r.LastName = personal(e.FirstName), personal(e.LastName)
		r.Timezone, r.Locale, r.Metadata = readable(e.Timezone), readable(e.Locale), new(string)
	case profile.ProfileUpdated:
		change(&r.FirstName, e.FirstName)
		change(&r.LastName, e.LastName)
		change(&r.Bio, e.Bio)
		change(&r.PictureURL, e.PictureURL)
		if e.Timezone != nil {
			r.Timezone = readable(*e.Timezone)
		}
		if e.Locale != nil {
			r.Locale = readable(*e.Locale)
		}
		r.Metadata = mergeMetadata(r.Metadata, e.Metadata)
		r.UpdatedAt = e.UpdatedAt
	}
}

// change sets a field that the event speaks of.
func change(field **string, to *domain.Personal) {
	if to != nil {
		*field = personal(*to)
	}
}

// mergeMetadata is the profile's own fold of metadata.
func mergeMetadata(metadata *string, patch domain.Personal) *string {
	present := domain.ErasedPersonal()
	if metadata != nil {
		present = domain.NewPersonal(*metadata)
	}
	merged := profile.MergeMetadata(present, patch)
	if merged.Erased() {
		return nil
	}
	text := readable(merged.Text())
	return &text
}
