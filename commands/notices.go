package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/notice"
	"am-user-management/internal/eventstore"
)

// AccountEvents is everything that happened to an account, oldest first; nothing if there is none.
func (s *Service) AccountEvents(ctx context.Context, user domain.ID) ([]eventstore.Envelope, error) {
	history, err := s.store.Load(ctx, account.StreamOf(user), 0)
	if err != nil {
		return nil, storeError(err)
	}
	return history, nil
}

// GiveNotice records that a notice about a user left the process, so that it does not leave again, not even after a
// restore.
func (s *Service) GiveNotice(ctx context.Context, r Request, user, effect domain.ID, about string) error {
	_, err := execute(ctx, s, r, notice.Give{UserID: user, EffectID: effect, About: about, Now: s.now()})
	return err
}

// NoticeGiven reports whether GiveNotice was recorded.
func (s *Service) NoticeGiven(ctx context.Context, user, effect domain.ID) (bool, error) {
	outcome, _, err := load[notice.State, notice.Event](ctx, s, notice.StreamOf(user))
	return outcome.State.Given[effect], err
}
