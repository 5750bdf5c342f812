package commands

import (
	"context"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/internal/eventstore"
)

// ReapClaim releases the claim on an address whose sign-up never finished. The account's stream is the tie-breaker:
// only after RegistrationAborted stood in it as the first event can the slow sign-up never win, so only then the claim
// goes. It reports whether the claim was released; an account that exists keeps its claim.
func (s *Service) ReapClaim(ctx context.Context, key string, owner domain.ID) (bool, error) {
	r := Request{
		CommandID:   uuid.NewSHA1(uuid.UUID(owner), []byte("reap/"+key)),
		Fingerprint: "reap",
		Actor:       eventstore.Actor{ID: "claim-reaper", Kind: eventstore.Saga},
	}
	now := s.now()
	outcome, err := execute(ctx, s, r, account.AbortRegistration{UserID: owner, Reason: "the sign-up was not finished in time", Now: now})
	if err != nil || !outcome.State.Aborted {
		return false, err
	}
	_, err = execute(ctx, s, r, email.Release{Key: key, Owner: owner, Reason: "the sign-up was not finished in time", Now: now})
	return err == nil, err
}
