package commands

import (
	"context"
	"errors"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/session"
)

// Registration is what somebody says of themselves to sign up.
type Registration struct {
	Email       string // as it was typed, for mail
	EmailNormal string // normalised: two spellings of one address are one account
	Password    string
	Phone       string
	FirstName   string
	LastName    string
	Timezone    string
	Locale      string
	// Verified makes the account active at once, whatever the settings; for accounts that an operator makes. Closed makes
	// it inactive until it is reactivated.
	Verified bool
	Closed   bool
	// Openly makes the answer say that the address is taken, whatever the settings; for callers who may know.
	Openly bool
	// ID is the id of the user, one that was never used; zero makes one of the request.
	ID domain.ID
}

// Register signs a user up. The address is claimed first, by its own stream, so that of any number of sign-ups for it
// one wins; then the account is created, which is the commit point. A sign-up that ends between the two is completed
// by its repetition, or its claim is released by ReapClaim.
//
// It returns account.ErrAlreadyExists if the address is taken, unless the settings say that nobody must learn that: then
// it answers as if it were free and tells the owner. It returns account.ErrIDUsed if the id was used,
// account.ErrRegistrationExpired if the claim was reaped meanwhile, and the faults of the password as domain.ErrInvalid.
func (s *Service) Register(ctx context.Context, r Request, reg Registration) (Outcome[account.State], error) {
	if err := s.passwords.Check(reg.Password, reg.Email, reg.FirstName, reg.LastName); err != nil {
		return Outcome[account.State]{}, err
	}
	user, key, now := domain.ID(r.derive("account")), s.claimOf(reg.EmailNormal), s.now()
	if !reg.ID.IsZero() {
		user = reg.ID
	}
	register := account.Register{
		UserID: user, Email: domain.NewPersonal(reg.Email), Phone: domain.NewPersonal(reg.Phone),
		FirstName: domain.NewPersonal(reg.FirstName), LastName: domain.NewPersonal(reg.LastName),
		Timezone: reg.Timezone, Locale: reg.Locale, ValidZone: s.validZone, EmailClaim: key,
		CredentialID: domain.ID(r.derive("credential")),
		Verify:       s.settings.EmailVerification, Vouched: reg.Verified, Closed: reg.Closed, RequestID: domain.ID(r.derive("verification")),
		VerifyExpiresAt: now.Add(s.settings.VerifyTokenTTL), Now: now,
	}
	if err := register.Faults().Err(); err != nil { // before anything is written: a claim would outlive the refusal
		return Outcome[account.State]{}, err
	}
	if err := s.fresh(ctx, r, user); err != nil {
		return Outcome[account.State]{}, err
	}
	hash, err := s.passwords.Hash(ctx, reg.Password) // before the address is looked at: taken or free, it takes as long
	if err != nil {
		return Outcome[account.State]{}, err
	}
	register.PasswordHash = domain.NewSecret(hash)
	_, err = execute(ctx, s, r, email.Claim{Key: key, Owner: user, Now: now})
	switch hide := s.settings.EnumerationSafe && !reg.Openly; {
	case errors.Is(err, email.ErrTaken) && hide:
		return s.pretend(ctx, r, register, reg.EmailNormal)
	case errors.Is(err, email.ErrTaken):
		return Outcome[account.State]{}, account.ErrAlreadyExists
	case err != nil:
		return Outcome[account.State]{}, err
	}
	outcome, err := execute(ctx, s, r, register)
	if err == nil && outcome.State.Aborted { // an earlier try of this request found the address taken; now it is free
		return s.pretend(ctx, r, register, reg.EmailNormal)
	}
	return outcome, err
}

// fresh returns ErrKeyReused if the request's id stands in the account's stream under another fingerprint, and
// account.ErrIDUsed if it does not stand in a stream that exists: such a request may not even claim an address, because no
// account would come of it. A sign-up that was given up is found later.
func (s *Service) fresh(ctx context.Context, r Request, user domain.ID) error {
	history, err := s.store.Load(ctx, account.StreamOf(user), 0)
	if err != nil {
		return storeError(err)
	}
	done, err := standsIn(history, r)
	if err != nil || done > 0 || len(history) == 0 || user == domain.ID(r.derive("account")) {
		return err
	}
	return account.ErrIDUsed
}

// VerifyEmail redeems a token that was mailed. It returns account.ErrTokenInvalid, ErrTokenExpired or ErrTokenUsed.
func (s *Service) VerifyEmail(ctx context.Context, r Request, user, request domain.ID) (Outcome[account.State], error) {
	return execute(ctx, s, r, account.VerifyEmail{UserID: user, RequestID: request, Now: s.now()})
}

// ResendVerification asks for another mail with another token; earlier ones stay valid. An address that is unknown or
// verified changes nothing and is no error: the answer must not tell. Who asks for too many gets a domain.Error of Kind
// Limited.
func (s *Service) ResendVerification(ctx context.Context, r Request, emailNormal string) (Result, error) {
	may, err := s.mayMail(ctx, r, verificationMail, s.claimOf(emailNormal))
	if err != nil || !may {
		return Result{}, err
	}
	state, err := s.accountOf(ctx, emailNormal)
	if err != nil || !state.Exists() {
		return Result{}, err
	}
	now := s.now()
	outcome, err := execute(ctx, s, r, account.RequestVerification{
		UserID: state.UserID, RequestID: domain.ID(r.derive("verification")), ExpiresAt: now.Add(s.settings.VerifyTokenTTL), Now: now,
	})
	return outcome.Result, err
}

// Credentials are what somebody shows to log in, and where they are.
type Credentials struct {
	EmailNormal string
	Password    string
	// SecretHash is the hex SHA-256 of the session's secret, which stays with the caller.
	SecretHash string
	IP         string
	UserAgent  string
}

// Login starts a session. An unknown address costs the work of a known one, and says the same:
// account.ErrInvalidCredentials, or how long to wait after too many failures. Only the right password learns of
// account.ErrEmailNotVerified and ErrInactive; of the first nobody, where the settings say that nobody must learn which
// addresses are taken.
func (s *Service) Login(ctx context.Context, r Request, c Credentials) (Outcome[session.State], error) {
	proven, err := s.authenticate(ctx, r, c)
	if s.settings.EnumerationSafe && errors.Is(err, account.ErrEmailNotVerified) {
		err = account.ErrInvalidCredentials // or a sign-up and a login would tell whether the address was taken
	}
	if err != nil {
		return Outcome[session.State]{}, err
	}
	now := s.now()
	opening := r
	if r.Fingerprint == "" { // no Idempotency-Key: nobody can have made this session before
		opening.At = now
	}
	outcome, err := execute(ctx, s, opening, session.Start{
		SessionID: domain.ID(r.derive("session")), UserID: proven.account.UserID, SecretHash: c.SecretHash, Epoch: proven.account.SessionEpoch,
		IP: domain.NewPersonal(c.IP), UserAgent: domain.NewPersonal(c.UserAgent),
		ExpiresAt: now.Add(s.settings.SessionAbsoluteTTL), Idle: s.settings.SessionIdleTTL, Now: now,
	})
	if err == nil && proven.rehash {
		s.rehash(ctx, r, proven, c.Password)
	}
	return outcome, err
}

// authenticate proves the password of the account that an address belongs to, and that it may be used.
func (s *Service) authenticate(ctx context.Context, r Request, c Credentials) (proof, error) {
	find := func(ctx context.Context) (account.State, error) { return s.accountOf(ctx, c.EmailNormal) }
	proven, err := s.prove(ctx, r, s.claimOf(c.EmailNormal), c.Password, find)
	if err != nil {
		return proof{}, err
	}
	return proven, proven.account.MayLogIn()
}

// Logout ends a session; it holds on every instance when Logout returns. An ended session is no error.
func (s *Service) Logout(ctx context.Context, r Request, id domain.ID) (Result, error) {
	outcome, err := execute(ctx, s, r, session.End{SessionID: id, Reason: session.LoggedOut, Now: s.now()})
	return outcome.Result, err
}

// Account folds an account's stream: what it is now, whatever the tables say. It returns account.ErrNotFound, also once
// it was erased.
func (s *Service) Account(ctx context.Context, id domain.ID) (Outcome[account.State], error) {
	outcome, _, err := load[account.State, account.Event](ctx, s, account.StreamOf(id))
	if err == nil && (!outcome.State.Exists() || outcome.State.Erased) {
		err = account.ErrNotFound
	}
	return outcome, err
}

// accountOf is the account that was created with a claim on an address; the zero state if there is none. A claim alone
// proves nothing: it may have been made by a request that came to nothing. Where there is no claim it looks for an
// account all the same, of nobody, so that it takes as long.
func (s *Service) accountOf(ctx context.Context, emailNormal string) (account.State, error) {
	key := s.claimOf(emailNormal)
	claim, _, err := load[email.State, email.Event](ctx, s, email.StreamOf(key))
	if err != nil {
		return account.State{}, err
	}
	found, _, err := load[account.State, account.Event](ctx, s, account.StreamOf(claim.State.Owner))
	if err != nil || found.State.EmailClaim != key {
		return account.State{}, err
	}
	return found.State, nil
}
