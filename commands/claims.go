package commands

import (
	"context"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/internal/eventstore"
)

// ReapClaim releases a claim on an address that no account came of. The account's stream is the tie-breaker: only after
// RegistrationAborted stood in it as the first event can a slow sign-up never win, so only then its claim goes. An
// account that exists keeps the claim that it was created with, and no other. It reports whether it released the claim.
func (s *Service) ReapClaim(ctx context.Context, key string, owner domain.ID) (bool, error) {
	r := Request{
		CommandID:   uuid.NewSHA1(uuid.UUID(owner), []byte("reap/"+key)),
		Fingerprint: "reap",
		Actor:       eventstore.Actor{ID: "claim-reaper", Kind: eventstore.Saga},
	}
	const reason = "no account came of the sign-up"
	now := s.now()
	outcome, err := execute(ctx, s, r, account.AbortRegistration{UserID: owner, Reason: reason, Now: now})
	if err != nil || outcome.State.EmailClaim == key {
		return false, err
	}
	_, err = execute(ctx, s, r, email.Release{Key: key, Owner: owner, Reason: reason, Now: now})
	return err == nil, err
}
