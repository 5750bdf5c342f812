package commands

import (
	"context"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/session"
)

// resetMail is the kind of mails that a new password can be chosen by.
const resetMail = "reset"

// RequestPasswordReset asks for a mail with a token that a new password can be set by; earlier tokens stay valid. An
// address that is unknown changes nothing and is no error: the answer must not tell. Who asks for too many gets a
// domain.Error of Kind Limited.
func (s *Service) RequestPasswordReset(ctx context.Context, r Request, emailNormal string) (Result, error) {
	may, err := s.mayMail(ctx, r, resetMail, s.claimOf(emailNormal))
	if err != nil || !may {
		return Result{}, err
	}
	state, err := s.accountOf(ctx, emailNormal)
	if err != nil || !state.Exists() {
		return Result{}, err
	}
	now := s.now()
	outcome, err := execute(ctx, s, r, account.RequestPasswordReset{
		UserID: state.UserID, RequestID: domain.ID(r.derive("reset")), ExpiresAt: now.Add(s.settings.ResetTokenTTL), Now: now,
	})
	return outcome.Result, err
}

// ResetPassword redeems a token that was mailed: the password is the new one, every session is over and every other
// token void. It opens no session, and the account stays what it was: whoever is deactivated, locked or not verified
// stays so. It returns account.ErrTokenInvalid, ErrTokenExpired and ErrTokenUsed, and the faults of the password as
// domain.ErrInvalid, which leave the token as it is.
func (s *Service) ResetPassword(ctx context.Context, r Request, user, request domain.ID, password string) (Outcome[account.State], error) {
	before, done, err := s.before(ctx, r, user)
	if err != nil {
		return Outcome[account.State]{}, err
	}
	reset := account.ResetPassword{UserID: user, RequestID: request, CredentialID: domain.ID(r.derive("credential")), Now: s.now()}
	if !done {
		if err := before.CanReset(request, reset.Now); err != nil {
			return Outcome[account.State]{}, err
		}
		if reset.PasswordHash, err = s.chosen(ctx, before, password); err != nil {
			return Outcome[account.State]{}, err
		}
	}
	return execute(ctx, s, r, reset)
}

// PasswordChange is what a user shows and says to get another password.
type PasswordChange struct {
	User domain.ID
	// Session is the one that asks. It goes on, with the same secret; all others are over.
	Session domain.ID
	Current string
	New     string
}

// ChangePassword replaces the password of a user who shows the current one. It returns account.ErrInvalidCredentials,
// account.ErrInactive, and the faults of the new password as domain.ErrInvalid.
func (s *Service) ChangePassword(ctx context.Context, r Request, c PasswordChange) (Outcome[account.State], error) {
	before, done, err := s.before(ctx, r, c.User)
	if err != nil {
		return Outcome[account.State]{}, err
	}
	change := account.ChangePassword{
		UserID: c.User, Proven: before.CredentialID, CredentialID: domain.ID(r.derive("credential")),
		KeptSession: c.Session, Now: s.now(),
	}
	if !done {
		if err := s.provePassword(ctx, r, before, c.Current); err != nil {
			return Outcome[account.State]{}, err
		}
		if change.PasswordHash, err = s.chosen(ctx, before, c.New); err != nil {
			return Outcome[account.State]{}, err
		}
		if change.KeptEpoch, err = s.epochOf(ctx, c.Session); err != nil {
			return Outcome[account.State]{}, err
		}
	}
	return execute(ctx, s, r, change)
}

// EndSession ends one session of a user. It returns session.ErrNotFound for one that is not theirs.
func (s *Service) EndSession(ctx context.Context, r Request, user, id domain.ID) (Result, error) {
	outcome, err := execute(ctx, s, r, session.End{SessionID: id, UserID: user, Reason: session.Revoked, Now: s.now()})
	return outcome.Result, err
}

// EndSessions ends every session of a user but the kept one, zero for none, however many there are. It returns
// account.ErrNotFound.
func (s *Service) EndSessions(ctx context.Context, r Request, user, kept domain.ID) (Result, error) {
	epoch, err := s.epochOf(ctx, kept)
	if err != nil {
		return Result{}, err
	}
	outcome, err := execute(ctx, s, r, account.EndSessions{UserID: user, KeptSession: kept, KeptEpoch: epoch, Now: s.now()})
	return outcome.Result, err
}

// before is the account as a request that needs a password finds it. done tells that the request was carried out: then
// nothing of what it shows needs to be looked at again, and execute answers as before.
func (s *Service) before(ctx context.Context, r Request, user domain.ID) (state account.State, done bool, err error) {
	history, err := s.store.Load(ctx, account.StreamOf(user), 0)
	if err != nil {
		return account.State{}, false, storeError(err)
	}
	stands, err := standsIn(history, r)
	if err != nil {
		return account.State{}, false, err
	}
	outcome, err := folded[account.State, account.Event](account.StreamOf(user), history)
	return outcome.State, stands > 0, err
}

// chosen is the hash of a password that a user chose, if it may be chosen.
func (s *Service) chosen(ctx context.Context, state account.State, password string) (domain.Secret, error) {
	if err := s.passwords.Check(password, state.Email.Text()); err != nil {
		return domain.Secret{}, err
	}
	hash, err := s.passwords.Hash(ctx, password)
	return domain.NewSecret(hash), err
}

// epochOf is the count of endings that a session was started under.
func (s *Service) epochOf(ctx context.Context, id domain.ID) (int64, error) {
	if id.IsZero() {
		return 0, nil
	}
	found, _, err := load[session.State, session.Event](ctx, s, session.StreamOf(id))
	return found.State.Epoch, err
}
