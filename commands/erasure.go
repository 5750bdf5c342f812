package commands

import (
	"context"
	"errors"
	"slices"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/subscription"
	"am-user-management/internal/eventstore"
)

// Shredder destroys what an erasure destroys outside the log. Each method may be called again.
type Shredder interface {
	// DestroyKeys destroys the keys of people and credentials for ever: text that was encrypted with them reads as erased
	// from then on, wherever it is.
	DestroyKeys(ctx context.Context, subjects ...domain.ID) error
	// RedactRows brings the rows that tell about a user to what their streams tell now.
	RedactRows(ctx context.Context, user domain.ID, load func(ctx context.Context, stream string) ([]eventstore.Envelope, error)) error
}

// EraseSelf requests the erasure of the account of somebody who proves their password. The account is closed, and every
// session over, when it returns; the rest is done soon, by Erase. It returns account.ErrNotFound, admins.ErrLast and what
// a password that is not proven leads to.
func (s *Service) EraseSelf(ctx context.Context, r Request, user domain.ID, password string) (Outcome[account.State], error) {
	found, err := s.Account(ctx, user)
	if err != nil {
		return Outcome[account.State]{}, err
	}
	if err := s.provePassword(ctx, r, found.State, password); err != nil {
		return Outcome[account.State]{}, err
	}
	return s.requestErasure(ctx, r, user)
}

// EraseUser is EraseSelf in the name of somebody who has these permissions. It returns roles.ErrPermissionDenied if the
// user may do more than they.
func (s *Service) EraseUser(ctx context.Context, r Request, permissions []string, user domain.ID) (Outcome[account.State], error) {
	if err := s.mayManage(ctx, permissions, user); err != nil {
		return Outcome[account.State]{}, err
	}
	return s.requestErasure(ctx, r, user)
}

func (s *Service) requestErasure(ctx context.Context, r Request, user domain.ID) (Outcome[account.State], error) {
	return s.closeAccount(ctx, r, user, account.RequestErasure{
		UserID: user, ErasureID: domain.ID(r.derive("erasure")), Reason: r.Reason, Now: s.now(),
	})
}

// Erasure is the account whose erasure was requested under an id, also when it is over. It returns account.ErrNotFound.
func (s *Service) Erasure(ctx context.Context, user, erasure domain.ID) (account.State, error) {
	found, _, err := load[account.State, account.Event](ctx, s, account.StreamOf(user))
	if err == nil && (erasure.IsZero() || found.State.ErasureID != erasure) {
		err = account.ErrNotFound
	}
	return found.State, err
}

// Erase carries out an erasure that was requested. Every step may be done again, so that one that was cut off is simply
// begun anew: the keys go first, since without them nobody reads anything any more; then the rows; then what would go on
// by itself or keep others out: the subscription, and the claims on the user's addresses, all that the account ever named;
// and last the account says that it is over. That is recorded by
// nobody in particular: the user's key, which would hide where a request came from, is gone.
//
// It returns account.ErrNotFound if no erasure was requested.
func (s *Service) Erase(ctx context.Context, user domain.ID, shredder Shredder) error {
	finish := account.FinishErasure{UserID: user, Now: s.now()}
	history, err := s.store.Load(ctx, finish.Stream(), 0)
	if err != nil {
		return storeError(err)
	}
	before, err := folded[account.State, account.Event](finish.Stream(), history)
	if err != nil {
		return err
	}
	if before.State.ErasureID.IsZero() {
		return account.ErrNotFound
	}
	held := heldBy(user, history)
	if err := shredder.DestroyKeys(ctx, held.keys...); err != nil {
		return err
	}
	if err := shredder.RedactRows(ctx, user, s.loadAll); err != nil {
		return err
	}
	cancel := Reaction(held.erasure, "erasure", "subscription", user.String())
	_, err = s.CancelSubscription(ctx, cancel, user, true) // else it would be renewed for ever
	if err != nil && !errors.Is(err, subscription.ErrNotFound) && !errors.Is(err, subscription.ErrOver) {
		return err
	}
	for _, claim := range held.claims {
		if err := s.ReleaseClaim(ctx, user, claim); err != nil {
			return err
		}
	}
	_, err = execute(ctx, s, Reaction(held.erasure, "erasure", "finish", user.String()), finish)
	return err
}

// SweepErased brings the rows of an erased user once more to what their streams tell: an instance that still had the key
// in memory may have written to them after Erase did.
func (s *Service) SweepErased(ctx context.Context, user domain.ID, shredder Shredder) error {
	return shredder.RedactRows(ctx, user, s.loadAll)
}

func (s *Service) loadAll(ctx context.Context, stream string) ([]eventstore.Envelope, error) {
	history, err := s.store.Load(ctx, stream, 0)
	if err != nil {
		return nil, storeError(err)
	}
	return history, nil
}

// holdings are what an erasure ends.
type holdings struct {
	keys    []domain.ID // whose keys the history was encrypted with
	claims  []string    // on addresses, all that the history names
	erasure eventstore.Envelope
}

func heldBy(user domain.ID, history []eventstore.Envelope) holdings {
	held := holdings{keys: []domain.ID{user}}
	for i := range history {
		if event, ok := history[i].Event.(domain.CredentialEvent); ok && !slices.Contains(held.keys, event.Credential()) {
			held.keys = append(held.keys, event.Credential())
		}
		claim := ""
		switch event := history[i].Event.(type) {
		case account.UserCreated:
			claim = event.EmailClaim
		case account.EmailChangeRequested: // also names those that were changed to
			claim = event.NewEmailClaim
		case account.AccountErasureRequested:
			held.erasure = history[i]
		}
		if claim != "" && !slices.Contains(held.claims, claim) {
			held.claims = append(held.claims, claim)
		}
	}
	return held
}
