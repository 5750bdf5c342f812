package readmodel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
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

// profileRow is a row of the table, all of it NULL where the join that asked for it found none. Its fields are pgx's
// own types, as in every row of the hot path: for others it makes up a way of scanning at each query.
type profileRow struct {
	userID                               pgtype.UUID
	firstName, lastName, bio, pictureURL pgtype.Text
	timezone, locale, metadata           pgtype.Text
	updatedAt                            pgtype.Timestamptz
	revision, position                   pgtype.Int8
}

func (row *profileRow) targets() []any {
	return []any{
		&row.userID, &row.firstName, &row.lastName, &row.bio, &row.pictureURL, &row.timezone, &row.locale,
		&row.metadata, &row.updatedAt, &row.revision, &row.position,
	}
}

// value is the profile that was scanned; ErrNotFound if there was none.
func (row *profileRow) value() (Profile, error) {
	if !row.userID.Valid {
		return Profile{}, ErrNotFound
	}
	p := Profile{
		UserID: row.userID.Bytes, FirstName: given(&row.firstName), LastName: given(&row.lastName), Bio: given(&row.bio),
		PictureURL: given(&row.pictureURL), Timezone: nilIfEmpty(given(&row.timezone)), Locale: nilIfEmpty(given(&row.locale)),
		UpdatedAt: row.updatedAt.Time.UTC(),
		Version:   Version{Revision: uint64(row.revision.Int64), Position: uint64(row.position.Int64)},
	}
	switch {
	case !row.metadata.Valid:
		p.Metadata = json.RawMessage("null")
	case row.metadata.String == "":
		p.Metadata = json.RawMessage("{}")
	default:
		p.Metadata = json.RawMessage(row.metadata.String)
	}
	return p, nil
}

// given is a text that may be NULL.
func given(text *pgtype.Text) *string {
	if !text.Valid {
		return nil
	}
	return &text.String
}

func nilIfEmpty(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

// Profile returns the profile of a user, or ErrNotFound. There is none of somebody who was erased.
func (r *Reader) Profile(ctx context.Context, user uuid.UUID) (Profile, error) {
	var row profileRow
	if err := r.row(ctx, `SELECT `+profileColumns+` FROM profiles p WHERE p.user_id = $1
		AND NOT EXISTS (SELECT FROM accounts a WHERE a.user_id = p.user_id AND a.status = 'ERASED')`, []any{[16]byte(user)}, row.targets()...); err != nil {
		return Profile{}, err
	}
	return row.value()
}
