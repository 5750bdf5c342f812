package commands

import (
	"context"
	"math/rand/v2"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
)

// Limiter bounds how often passwords are guessed. Tries are counted by account, by source and by both, before the
// password is looked at, so that any number of tries at one moment get no more guesses than one after the other.
// Instances share the counts. An account is named by the key of the claim on its address, whether it exists or not; a
// source by its network address. Where the counts cannot be reached nothing is proven: each method then returns a
// domain.Error of Kind Unavailable.
type Limiter interface {
	// Attempt counts a try. It is not admitted when as many tries as may fail are being looked at this moment: whoever
	// asks waits for them. It returns a domain.Error of Kind Limited, with its Wait, when too many have failed.
	Attempt(ctx context.Context, account, source string) (admitted bool, err error)
	// Proved takes a try back whose password was right, and forgives what failed from there.
	Proved(ctx context.Context, account, source string) error
	// Failed leaves a try counted. It returns until when tries from there are locked out, if that begins with this one.
	Failed(ctx context.Context, account, source string) (locked time.Time, err error)
	// Withdraw takes a try back whose password was not looked at.
	Withdraw(ctx context.Context, account, source string) error
	// Unlock forgives what failed for an account, wherever it came from.
	Unlock(ctx context.Context, account string) error
	// Mail counts a wish for a mail to an account, which may not exist. It reports whether the mail may be sent, and
	// returns a domain.Error of Kind Limited when the source wishes too often.
	Mail(ctx context.Context, kind, account, source string) (bool, error)
}

const (
	// patience is how long a password waits for its turn: to be counted and to be hashed.
	patience = 2 * time.Second
	// crowdPause and maxCrowdPause bound the time between two looks whether a try is admitted by now.
	crowdPause    = 10 * time.Millisecond
	maxCrowdPause = 160 * time.Millisecond
	// lockPause is more than it takes to write down that an account was locked: a lock of no account takes as long.
	lockPause = 100 * time.Millisecond
	// asideTime is how long what goes on beside an answer may take.
	asideTime = 5 * time.Second
)

// verificationMail is the kind of mails that prove an address.
const verificationMail = "verification"

// errCrowded: too many tries to log in to one account, or from one place, at the same moment.
var errCrowded = &domain.Error{
	Kind: domain.Unavailable, Code: "password.busy",
	Title: "Too many passwords are being checked right now; try again shortly.",
}

// provePassword returns nil if the password is the account's. Every command that asks for one asks here, so that all of
// them count. It returns account.ErrInvalidCredentials, the limiter's domain.Error of Kind Limited, and one of Kind
// Unavailable where the password could not be looked at.
func (s *Service) provePassword(ctx context.Context, r Request, state account.State, plain string) error {
	_, err := s.prove(ctx, r, state.EmailClaim, plain, func(context.Context) (account.State, error) { return state, nil })
	return err
}

// proof is an account whose password was shown.
type proof struct {
	account account.State
	rehash  bool
}

// prove counts the try, finds the account and proves its password. A claim without an account costs the same, and says
// the same.
func (s *Service) prove(ctx context.Context, r Request, claim, plain string, find func(context.Context) (account.State, error)) (proof, error) {
	source := r.Client.IP.Text()
	waiting, cancel := context.WithTimeoutCause(ctx, patience, errCrowded)
	defer cancel()
	if err := s.attempt(ctx, waiting, claim, source); err != nil {
		return proof{}, err
	}
	found, ok, err := s.verify(ctx, waiting, plain, find)
	switch {
	case err != nil:
		s.withdraw(ctx, claim, source)
		return proof{}, err
	case ok:
		return found, s.limiter.Proved(ctx, claim, source)
	}
	locked, err := s.limiter.Failed(ctx, claim, source)
	if err != nil {
		return proof{}, err
	}
	if !locked.IsZero() {
		s.noteLock(ctx, r, found.account, locked)
	}
	return proof{}, account.ErrInvalidCredentials
}

// attempt counts the try as soon as it is admitted. Waiting ends with waiting; a count that was begun does not, because
// it would cost the connection.
func (s *Service) attempt(ctx, waiting context.Context, claim, source string) error {
	for pause := crowdPause; ; pause = min(2*pause, maxCrowdPause) {
		admitted, err := s.limiter.Attempt(ctx, claim, source)
		if err != nil || admitted {
			return err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-timer.C:
		case <-waiting.Done():
			timer.Stop()
			return context.Cause(waiting)
		}
	}
}

// withdraw takes a try back beside the answer: whoever is refused because there is too much to do is told so at once.
func (s *Service) withdraw(ctx context.Context, claim, source string) {
	s.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asideTime)
		defer cancel()
		_ = s.limiter.Withdraw(ctx, claim, source)
	})
}

func (s *Service) verify(ctx, waiting context.Context, plain string, find func(context.Context) (account.State, error)) (proof, bool, error) {
	state, err := find(ctx)
	if err != nil {
		return proof{}, false, err
	}
	if state.PasswordHash.Text() == "" { // unknown, aborted half-way, or erased
		return proof{}, false, s.passwords.Decoy(waiting, plain)
	}
	ok, rehash, err := s.passwords.Verify(waiting, state.PasswordHash.Text(), plain)
	return proof{state, rehash}, ok, err
}

// noteLock writes into an account's history that it is locked where somebody failed. The lock itself is in the counts and
// holds without that. A lock of no account takes the same time, so that nobody learns by it which accounts there are.
func (s *Service) noteLock(ctx context.Context, r Request, state account.State, until time.Time) {
	timer := time.NewTimer(lockPause)
	defer timer.Stop()
	if state.Exists() {
		r.CommandID, r.IfMatch = r.derive("lock until "+until.Format(time.RFC3339Nano)), nil
		_, _ = execute(ctx, s, r, account.Lock{UserID: state.UserID, Until: until, Now: s.now()})
	}
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// rehash replaces a hash whose cost, pepper or function is of another time, now that the password is at hand. The login that
// noticed does not wait for it, and does not fail by it: the next one tries again. One is made at a time, so that logins
// keep their slots when many old hashes were imported.
func (s *Service) rehash(ctx context.Context, r Request, proven proof, plain string) {
	select {
	case s.rehashing <- struct{}{}:
	default:
		return
	}
	s.background.Go(func() {
		defer func() { <-s.rehashing }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asideTime)
		defer cancel()
		hash, err := s.passwords.Hash(ctx, plain)
		if err != nil {
			return
		}
		r.CommandID, r.IfMatch = r.derive("rehash"), nil
		_, _ = execute(ctx, s, r, account.RehashPassword{
			UserID: proven.account.UserID, Proven: proven.account.CredentialID, CredentialID: domain.ID(r.derive("credential")),
			PasswordHash: domain.NewSecret(hash), Now: s.now(),
		})
	})
}

// Settle waits for what was begun beside the answers.
func (s *Service) Settle() { s.background.Wait() }

// mayMail counts a wish for a mail of some kind to the account that a claim may belong to. It reports whether to send
// it: an account gets no more than a few, in silence, since the answer must not tell. It returns a domain.Error of Kind
// Limited when the source wishes too often.
func (s *Service) mayMail(ctx context.Context, r Request, kind, claim string) (bool, error) {
	return s.limiter.Mail(ctx, kind, claim, r.Client.IP.Text())
}
