package readmodel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Profile is what users say about themselves. A field is nil if it was never given, was cleared or was erased.
type Profile struct {
	UserID     uuid.UUID       `json:"user_id"`
	FirstName  *string         `json:"first_name"`
	LastName   *string         `json:"last_name"`
	Bio        *string         `json:"bio"`
	PictureURL *string         `json:"picture_url"`
	Timezone   *string         `json:"timezone"`
	Locale     *string         `json:"locale"`
	Metadata   json.RawMessage `json:"metadata"` // an object; null once it was erased
	UpdatedAt  time.Time       `json:"updated_at"`
	Version    Version         `json:"-"`
}

// ProfileV1 is contract v1: what other services see of a profile. Its fields never change.
type ProfileV1 struct {
	FirstName  *string `json:"first_name"`
	Bio        *string `json:"bio"`
	PictureURL *string `json:"picture_url"`
}

// V1 is the profile as contract v1 shows it.
func (p Profile) V1() ProfileV1 {
	return ProfileV1{FirstName: p.FirstName, Bio: p.Bio, PictureURL: p.PictureURL}
}

const profileColumns = `p.user_id, p.first_name, p.last_name, p.bio, p.picture_url, p.timezone, p.locale, p.metadata, p.updated_at, p.revision, p.position`

// profileRow is a row of the table, all of it NULL where the join that asked for it found none.
type profileRow struct {
	found     *[16]byte
	profile   Profile
	metadata  *string
	updatedAt *time.Time
	revision  *uint64
	position  *uint64
}

func (row *profileRow) targets() []any {
	p := &row.profile
	return []any{
		&row.found, &p.FirstName, &p.LastName, &p.Bio, &p.PictureURL, &p.Timezone, &p.Locale,
		&row.metadata, &row.updatedAt, &row.revision, &row.position,
	}
}

// value is the profile that was scanned; ErrNotFound if there was none.
func (row *profileRow) value() (Profile, error) {
	if row.found == nil {
		return Profile{}, ErrNotFound
	}
	p := row.profile
	p.UserID, p.UpdatedAt = uuid.UUID(*row.found), row.updatedAt.UTC()
	p.Version = Version{Revision: *row.revision, Position: *row.position}
	p.Timezone, p.Locale = nilIfEmpty(p.Timezone), nilIfEmpty(p.Locale)
	switch {
	case row.metadata == nil:
		p.Metadata = json.RawMessage("null")
	case *row.metadata == "":
		p.Metadata = json.RawMessage("{}")
	default:
		p.Metadata = json.RawMessage(*row.metadata)
	}
	return p, nil
}

func nilIfEmpty(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

// Profile returns the profile of a user, or ErrNotFound.
func (r *Reader) Profile(ctx context.Context, user uuid.UUID) (Profile, error) {
	var row profileRow
	if err := r.row(ctx, `SELECT `+profileColumns+` FROM profiles p WHERE p.user_id = $1`, []any{[16]byte(user)}, row.targets()...); err != nil {
		return Profile{}, err
	}
	return row.value()
}
