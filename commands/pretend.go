package commands

import (
	"context"

	"am-user-management/domain/account"
)

// taken is the reason why a sign-up that was only answered never becomes an account.
const taken = "the address is taken"

// HidesAccounts reports whether a sign-up for a taken address is answered like any other.
func (s *Service) HidesAccounts() bool { return s.settings.EnumerationSafe }

// pretend answers a sign-up for an address that is taken as if it were free, and tells the owner by mail. The id that
// the answer names is closed for good: so the answer has a place in the log of its own, the same when the request is
// repeated, and no account ever comes of it.
func (s *Service) pretend(ctx context.Context, r Request, register account.Register, emailNormal string) (Outcome[account.State], error) {
	closed, err := execute(ctx, s, r, account.AbortRegistration{UserID: register.UserID, Reason: taken, Now: register.Now})
	if err != nil {
		return Outcome[account.State]{}, err
	}
	owner, err := s.accountOf(ctx, emailNormal)
	if err != nil {
		return Outcome[account.State]{}, err
	}
	if owner.Exists() {
		if _, err := execute(ctx, s, r, account.NoteSignUp{UserID: owner.UserID, Now: register.Now}); err != nil {
			return Outcome[account.State]{}, err
		}
	}
	events, err := register.Decide(account.State{})
	if err != nil {
		return Outcome[account.State]{}, err
	}
	answer := Outcome[account.State]{Result: closed.Result}
	answer.Revision = uint64(len(events)) - 1
	for _, event := range events {
		answer.State = answer.State.Evolve(event)
	}
	return answer, nil
}
