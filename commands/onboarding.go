package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/profile"
	"am-user-management/internal/eventstore"
)

// Created returns the event that created an account. It returns account.ErrNotFound if there is none, and if it was
// erased: nobody is left to be served.
func (s *Service) Created(ctx context.Context, user domain.ID) (eventstore.Envelope, account.UserCreated, error) {
	history, err := s.store.Load(ctx, account.StreamOf(user), 0)
	if err != nil {
		return eventstore.Envelope{}, account.UserCreated{}, storeError(err)
	}
	if len(history) > 0 {
		if created, ok := history[0].Event.(account.UserCreated); ok && !created.Email.Erased() {
			return history[0], created, nil
		}
	}
	return eventstore.Envelope{}, account.UserCreated{}, account.ErrNotFound
}

// CreateProfile opens the user's profile with what they said at sign-up.
func (s *Service) CreateProfile(ctx context.Context, r Request, created account.UserCreated) error {
	_, err := execute(ctx, s, r, profile.Create{
		UserID: created.UserID, FirstName: created.FirstName, LastName: created.LastName,
		Timezone: created.Timezone, Locale: created.Locale, Now: s.at(r),
	})
	return err
}

// FinishStep records that an effect outside was done, so that it is not done again, not even after a restore.
func (s *Service) FinishStep(ctx context.Context, r Request, user domain.ID, step onboarding.Step) error {
	_, err := execute(ctx, s, r, onboarding.FinishStep{UserID: user, Step: step, Now: s.now()})
	return err
}

// StepDone reports whether FinishStep was recorded.
func (s *Service) StepDone(ctx context.Context, user domain.ID, step onboarding.Step) (bool, error) {
	outcome, _, err := load[onboarding.State, onboarding.Event](ctx, s, onboarding.StreamOf(user))
	return outcome.State.Done[step], err
}
