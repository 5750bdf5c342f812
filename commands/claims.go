package commands

import (
	"context"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/internal/eventstore"
)

// ReapClaim releases a claim on an address that led to nothing, or leads to nothing any more: no account came of it, or
// its account has another address, or is being erased. The account's stream is the tie-breaker. Only after
// RegistrationAborted or EmailChangeAborted stood in it can a slow sign-up, or a slow change of the address, never win;
// so only then the claim goes, and only if nobody claimed the address anew since it was looked at. It reports whether it
// released the claim; ErrPreconditionFailed means that it was claimed anew meanwhile.
func (s *Service) ReapClaim(ctx context.Context, key string, owner domain.ID) (bool, error) {
	claim, _, err := load[email.State, email.Event](ctx, s, email.StreamOf(key))
	if err != nil || !claim.State.Claimed() || claim.State.Owner != owner {
		return false, err
	}
	// The id is a new one each time: an account may get, and give up, one address again and again.
	r := Request{
		CommandID: uuid.New(), Fingerprint: "reap",
		Actor: eventstore.Actor{ID: "claim-reaper", Kind: eventstore.Saga, OnBehalfOf: owner.String()},
	}
	const reason = "the account does not have this address"
	now := s.now()
	outcome, err := execute(ctx, s, r, account.AbortRegistration{UserID: owner, Reason: reason, Now: now})
	if err != nil {
		return false, err
	}
	if outcome.State.Exists() {
		outcome, err = execute(ctx, s, r, account.AbortEmailChange{UserID: owner, EmailClaim: key, Reason: reason, Now: now})
		if err != nil || outcome.State.Uses(key) {
			return false, err
		}
	}
	r.IfMatch = &claim.Revision
	_, err = execute(ctx, s, r, email.Release{Key: key, Owner: owner, Reason: reason, Now: now})
	return err == nil, err
}

// ReleaseClaim releases the claim on an address that an account had before it was given another, or before its erasure.
// It is done when it returns nil, however often it is done.
func (s *Service) ReleaseClaim(ctx context.Context, user domain.ID, key string) error {
	_, err := s.ReapClaim(ctx, key, user)
	return err
}
