package commands

import (
	"context"
	"errors"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
)

// EmailChange is a wish for another address.
type EmailChange struct {
	NewEmail       string // as it was typed, for mail
	NewEmailNormal string
	Password       string
}

// changeMail is the kind of mails that ask to prove another address.
const changeMail = "email-change"

// RequestEmailChange asks the owner of another address to prove it; until then the account keeps the one it has. Whether
// the address is another account's is not looked at: the answer must not tell. An address that was mailed too often is not
// asked again for a while, in silence. It returns account.ErrNotFound and what a password that is not proven leads to:
// account.ErrInvalidCredentials and the limiter's rules.
func (s *Service) RequestEmailChange(ctx context.Context, r Request, user domain.ID, change EmailChange) (Outcome[account.State], error) {
	found, err := s.Account(ctx, user)
	if err != nil {
		return Outcome[account.State]{}, err
	}
	if err := s.provePassword(ctx, r, found.State, change.Password); err != nil {
		return Outcome[account.State]{}, err
	}
	claim := s.claimOf(change.NewEmailNormal)
	if may, err := s.mayMail(ctx, r, changeMail, claim); err != nil || !may {
		return found, err
	}
	now := s.now()
	return execute(ctx, s, r, account.RequestEmailChange{
		UserID: user, Proven: found.State.CredentialID, RequestID: domain.ID(r.derive("email-change")),
		NewEmail: domain.NewPersonal(change.NewEmail), NewEmailClaim: claim,
		ExpiresAt: now.Add(s.settings.VerifyTokenTTL), Now: now,
	})
}

// ConfirmEmailChange gives the account the address whose owner shows the token. As at a sign-up the address is claimed
// first; the account's event is the commit point. What ends between the two is completed by the same token, or given up
// by ReapClaim. The claim on the old address is released afterwards.
//
// It returns account.ErrTokenInvalid, ErrTokenExpired and ErrTokenUsed, and account.ErrAlreadyExists if another account
// has taken the address meanwhile.
func (s *Service) ConfirmEmailChange(ctx context.Context, r Request, user, request domain.ID) (Outcome[account.State], error) {
	confirm := account.ConfirmEmailChange{UserID: user, RequestID: request, Now: s.now()}
	history, err := s.store.Load(ctx, confirm.Stream(), 0)
	if err != nil {
		return Outcome[account.State]{}, storeError(err)
	}
	if done, err := standsIn(history, r); err != nil {
		return Outcome[account.State]{}, err
	} else if done > 0 {
		return execute(ctx, s, r, confirm)
	}
	before, err := folded[account.State, account.Event](confirm.Stream(), history)
	if err != nil {
		return Outcome[account.State]{}, err
	}
	change, err := before.State.RedeemableChange(request, confirm.Now) // a token that is void must not even claim
	if err != nil {
		return Outcome[account.State]{}, err
	}
	_, err = execute(ctx, s, r.part("claim/"+change.Claim), email.Claim{Key: change.Claim, Owner: user, Anew: true, Now: confirm.Now})
	if errors.Is(err, email.ErrTaken) {
		return Outcome[account.State]{}, account.ErrAlreadyExists
	}
	if err != nil {
		return Outcome[account.State]{}, err
	}
	return execute(ctx, s, r, confirm)
}
