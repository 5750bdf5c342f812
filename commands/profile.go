package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
)

// UpdateProfile applies a merge patch to a profile. It returns profile.ErrNotFound, and the faults of the fields as
// domain.ErrInvalid.
func (s *Service) UpdateProfile(ctx context.Context, r Request, user domain.ID, patch profile.Patch) (Outcome[profile.State], error) {
	return execute(ctx, s, r, profile.Update{
		UserID: user, Patch: patch, Now: s.now(),
		Limits: profile.Limits{MaxBio: s.settings.MaxBioLength, PictureFormats: s.settings.PictureFormats, ValidZone: s.validZone},
	})
}

// Profile folds a profile's stream: what it is now, whatever the tables say. It returns profile.ErrNotFound, also once the
// account was erased.
func (s *Service) Profile(ctx context.Context, user domain.ID) (Outcome[profile.State], error) {
	outcome, exists, err := load[profile.State, profile.Event](ctx, s, profile.StreamOf(user))
	if err != nil {
		return outcome, err
	}
	if !exists {
		return outcome, profile.ErrNotFound
	}
	owner, _, err := load[account.State, account.Event](ctx, s, account.StreamOf(user))
	if err == nil && owner.State.Erased {
		err = profile.ErrNotFound
	}
	return outcome, err
}
