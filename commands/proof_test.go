package commands_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/limiter"
)

// shown counts the passwords that are looked at; answer, if set, stands for the hasher.
type shown struct {
	passwords
	looks  atomic.Int64
	answer func() (ok, rehash bool, err error)
	hash   func() error
}

func (s *shown) Verify(ctx context.Context, phc, plain string) (bool, bool, error) {
	s.looks.Add(1)
	if s.answer != nil {
		return s.answer()
	}
	return s.passwords.Verify(ctx, strings.TrimPrefix(phc, "old "), plain)
}

func (s *shown) Decoy(context.Context, string) error {
	s.looks.Add(1)
	return nil
}

func (s *shown) Hash(ctx context.Context, plain string) (string, error) {
	if s.hash != nil {
		if err := s.hash(); err != nil {
			return "", err
		}
	}
	return s.passwords.Hash(ctx, plain)
}

func from(ip string) commands.Request {
	r := request()
	r.Client.IP = domain.NewPersonal(ip)
	return r
}

func (b *bench) login(t *testing.T, r commands.Request, email, password string) error {
	t.Helper()
	_, err := b.Login(t.Context(), r, commands.Credentials{EmailNormal: email, Password: password, SecretHash: "h"})
	return err
}

func TestR6FiftyWrongPasswordsAtOnceAreTenGuesses(t *testing.T) {
	hasher := &shown{}
	b := newBenchWith(t, hasher)
	user := b.register(t).UserID
	var refused atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			err := b.login(t, from("192.0.2.1"), "ada@example.org", "wrong horse")
			if errors.Is(err, limiter.ErrLocked) {
				refused.Add(1)
			} else if !errors.Is(err, account.ErrInvalidCredentials) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if looks := hasher.looks.Load(); looks != 10 || refused.Load() != 40 {
		t.Errorf("%d of 50 passwords were looked at and %d refused", looks, refused.Load())
	}
	if types := b.types(t, account.StreamOf(user)); strings.Count(types, "account.account_locked") != 1 {
		t.Errorf("the account's history: %s", types)
	}
}

func TestR6FiftyRightPasswordsAtOnceAreFiftySessions(t *testing.T) {
	b := newBenchWith(t, &shown{})
	b.register(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := b.login(t, from("192.0.2.1"), "ada@example.org", "correct horse"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestR6WhileLockedNoPasswordIsLookedAt(t *testing.T) {
	for name, email := range map[string]string{"an account": "ada@example.org", "no account": "nobody@example.org"} {
		t.Run(name, func(t *testing.T) {
			hasher := &shown{}
			b := newBenchWith(t, hasher)
			user := b.register(t).UserID
			for range 10 {
				if err := b.login(t, from("192.0.2.1"), email, "wrong horse"); !errors.Is(err, account.ErrInvalidCredentials) {
					t.Fatal(err)
				}
			}
			before := hasher.looks.Load()
			var locked *domain.Error
			err := b.login(t, from("192.0.2.1"), email, "correct horse")
			if !errors.As(err, &locked) || !errors.Is(err, limiter.ErrLocked) || locked.Wait != 15*time.Minute {
				t.Errorf("got %v", err)
			}
			if hasher.looks.Load() != before {
				t.Error("a password was looked at")
			}
			want := map[bool]string{true: "account.account_locked"}[email == "ada@example.org"]
			if types := b.types(t, account.StreamOf(user)); want != "" && !strings.Contains(types, want) {
				t.Errorf("the account's history: %s", types)
			}
			b.now = b.now.Add(15 * time.Minute)
			if err := b.login(t, from("192.0.2.1"), "ada@example.org", "correct horse"); err != nil {
				t.Errorf("after the lockout: %v", err)
			}
		})
	}
}

func TestR6TheOwnerStaysInWhereManyPlacesTry(t *testing.T) {
	b := newBenchWith(t, &shown{})
	b.register(t)
	if err := b.login(t, from("2001:db8:1::1"), "ada@example.org", "correct horse"); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := b.login(t, from("198.51.100."+string(rune('0'+i/10))), "ada@example.org", "wrong horse"); !errors.Is(err, account.ErrInvalidCredentials) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	if err := b.login(t, from("203.0.113.9"), "ada@example.org", "correct horse"); !errors.Is(err, limiter.ErrLocked) {
		t.Errorf("from a place that is not known: %v", err)
	}
	if err := b.login(t, from("2001:db8:1::2"), "ada@example.org", "correct horse"); err != nil {
		t.Errorf("from the owner's own network: %v", err)
	}
}

func TestR6APasswordThatWasNotLookedAtDoesNotCount(t *testing.T) {
	busy := &domain.Error{Kind: domain.Unavailable, Code: "test.busy"}
	hasher := &shown{answer: func() (bool, bool, error) { return false, false, busy }}
	b := newBenchWith(t, hasher)
	b.register(t)
	for range 30 {
		if err := b.login(t, from("192.0.2.1"), "ada@example.org", "correct horse"); !errors.Is(err, busy) {
			t.Fatal(err)
		}
		b.Settle()
	}
	hasher.answer = nil
	if err := b.login(t, from("192.0.2.1"), "ada@example.org", "correct horse"); err != nil {
		t.Error(err)
	}
}

func TestR6MailsAreFew(t *testing.T) {
	b := newBench(t)
	created, err := b.Register(t.Context(), request(), ada())
	if err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Hour)
	for i := range 70 {
		b.now = b.now.Add(time.Second) // all within two minutes
		email := "ada@example.org"
		if i%10 != 0 {
			email = "nobody@example.org"
		}
		_, err := b.ResendVerification(t.Context(), from("192.0.2.1"), email)
		if over := i >= 60; over != errors.Is(err, limiter.ErrSource) || !over && err != nil {
			t.Fatalf("wish %d: %v", i, err)
		}
	}
	types := b.types(t, account.StreamOf(created.State.UserID))
	if sent := strings.Count(types, "account.email_verification_requested"); sent > 3 {
		t.Errorf("%d mails: %s", sent, types)
	}
}

func TestR3OldHashesAreRenewedBesideTheLogin(t *testing.T) {
	hasher := &shown{}
	b := newBenchWith(t, hasher)
	user := b.register(t)
	hasher.answer = func() (bool, bool, error) { return true, true, nil }
	hasher.hash = func() error { return errors.New("no slot is free") }
	for range 2 {
		if err := b.login(t, from("192.0.2.1"), "ada@example.org", "correct horse"); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		if types := b.types(t, account.StreamOf(user.UserID)); strings.Contains(types, "rehashed") != (hasher.hash == nil) {
			t.Errorf("the account's history: %s", types)
		}
		hasher.hash = nil
	}
	renewed, err := b.Account(t.Context(), user.UserID)
	if err != nil || renewed.State.CredentialID == user.CredentialID || renewed.State.PasswordHash.Text() != "hash of correct horse" {
		t.Errorf("the credential is %s, %v", renewed.State.CredentialID, err)
	}
	hasher.answer = nil
	if err := b.login(t, from("192.0.2.1"), "ada@example.org", "correct horse"); err != nil {
		t.Error(err)
	}
}

// loads lists the streams that are read.
type loads struct {
	commands.Store
	streams []string
}

func (l *loads) Load(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error) {
	l.streams = append(l.streams, strings.SplitN(stream, "-", 2)[0])
	return l.Store.Load(ctx, stream, from)
}

func TestALoginReadsTheAccountOnly(t *testing.T) {
	b := newBench(t)
	b.register(t)
	counted := &loads{Store: b.faults.Store}
	b.faults.Store = counted
	r := request()
	r.Fingerprint = ""
	if err := b.login(t, r, "ada@example.org", "correct horse"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(counted.streams, " "); got != "email account" {
		t.Errorf("read %s", got)
	}
}
