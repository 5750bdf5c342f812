package http

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/readmodel"
)

// ownProfile answers GET /profile. Session and profile are one query: this is the read that clients do most.
func (s *Server) ownProfile(ctx context.Context, c *call) error {
	hash, err := sessionHash(c.Request().Header)
	if err != nil {
		return err
	}
	caller, view, err := s.reader.ProfileFor(ctx, hash, s.clock())
	missing := errors.Is(err, readmodel.ErrNotFound)
	if missing {
		err = nil
	}
	if err := s.accept(c, caller, err); err != nil {
		return err
	}
	if missing || c.fresh.behind() {
		view, err = folded(ctx, c, func() (readmodel.Profile, error) { return s.foldProfile(ctx, c.user) })
		if err != nil {
			return err
		}
	}
	return c.answerEntity(view.Version.Revision, view)
}

// profileV1 answers GET /internal/v1/users/{id}/profile.
func (s *Server) profileV1(ctx context.Context, c *call) error {
	view, err := s.namedProfile(ctx, c)
	if err != nil {
		return err
	}
	return c.answerEntity(view.Version.Revision, view.V1())
}

// profilePatch is the body of PATCH /profile, a merge patch (RFC 7396): what is absent stays, null clears.
type profilePatch struct {
	FirstName  patched        `json:"first_name,omitzero"`
	LastName   patched        `json:"last_name,omitzero"`
	Bio        patched        `json:"bio,omitzero"`
	PictureURL patched        `json:"picture_url,omitzero"`
	Timezone   patched        `json:"timezone,omitzero"`
	Locale     patched        `json:"locale,omitzero"`
	Metadata   jsontext.Value `json:"metadata,omitzero"`
}

// updateProfile answers PATCH /profile.
func (s *Server) updateProfile(ctx context.Context, c *call) error {
	var body profilePatch
	if err := c.bind(&body); err != nil {
		return err
	}
	command, err := s.command(ctx, c)
	if err != nil {
		return err
	}
	if command.IfMatch, err = ifMatch(c.Request().Header); err != nil {
		return err
	}
	outcome, err := s.commands.UpdateProfile(ctx, command, c.user, profile.Patch{
		FirstName: body.FirstName.personal(), LastName: body.LastName.personal(), Bio: body.Bio.personal(),
		PictureURL: body.PictureURL.personal(), Timezone: body.Timezone.plain(), Locale: body.Locale.plain(),
		Metadata: json.RawMessage(body.Metadata),
	})
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	view := profileView(outcome.State)
	view.Version = version(outcome.Result)
	return c.answerEntity(view.Version.Revision, view)
}

// namedProfile is the profile of the user whom the path names, with everything that the client wants to see.
func (s *Server) namedProfile(ctx context.Context, c *call) (readmodel.Profile, error) {
	id, err := c.id()
	if err != nil {
		return readmodel.Profile{}, err
	}
	view, err := s.reader.Profile(ctx, uuid.UUID(id))
	if c.fresh.behind() || errors.Is(err, readmodel.ErrNotFound) {
		return folded(ctx, c, func() (readmodel.Profile, error) { return s.foldProfile(ctx, id) })
	}
	return view, err
}

// foldProfile is the profile as its stream tells it, where the table does not know it or not all of it yet.
func (s *Server) foldProfile(ctx context.Context, user domain.ID) (readmodel.Profile, error) {
	outcome, err := s.commands.Profile(ctx, user)
	if err != nil {
		return readmodel.Profile{}, err
	}
	view := profileView(outcome.State)
	view.Version = version(outcome.Result)
	return view, nil
}

func profileView(state profile.State) readmodel.Profile {
	view := readmodel.Profile{
		UserID: uuid.UUID(state.UserID), FirstName: legible(state.FirstName), LastName: legible(state.LastName),
		Bio: legible(state.Bio), PictureURL: legible(state.PictureURL),
		Timezone: given(state.Timezone), Locale: given(state.Locale),
		Metadata: json.RawMessage(state.Metadata.Text()), UpdatedAt: state.UpdatedAt,
	}
	switch {
	case state.Metadata.Erased():
		view.Metadata = json.RawMessage("null")
	case len(view.Metadata) == 0:
		view.Metadata = json.RawMessage("{}")
	}
	return view
}

// given is a text for JSON: nil if there is none.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
