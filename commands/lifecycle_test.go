package commands_test

import (
	"errors"
	"strings"
	"testing"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/roles"
	"am-user-management/internal/eventstore"
)

func TestWhereNoAddressIsVerifiedAUserIsActiveAtOnce(t *testing.T) {
	b := newBench(t)
	b.dependencies.Settings.EmailVerification = false
	b.Service = commands.New(b.dependencies)
	created, err := b.Register(t.Context(), request(), ada())
	if err != nil {
		t.Fatal(err)
	}
	if state := created.State; state.Status != account.Active || len(state.Requests) != 0 || !state.VerifiedAt.IsZero() {
		t.Errorf("created %v: an active account was wanted, that nobody has proven and nobody is asked to", state)
	}
	if !b.logsIn(t, "ada@example.org") {
		t.Error("nobody can log in")
	}
	_, err = b.CreateUser(t.Context(), request(), everything, commands.NewUser{Registration: ada(), Status: account.PendingVerification})
	if !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("an account that nobody can ever log in to: %v", err)
	}
}

func TestAnUnlockForgetsWhatFailed(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	try := func(password string) error {
		_, err := b.Login(t.Context(), request(), commands.Credentials{EmailNormal: "a@example.org", Password: password, SecretHash: "h"})
		return err
	}
	var rule *domain.Error
	for range 11 {
		if err := try("wrong horse"); !errors.As(err, &rule) {
			t.Fatal(err)
		}
	}
	if rule.Kind != domain.Limited {
		t.Fatalf("not locked: %v", rule)
	}
	if err := try(password); !errors.As(err, &rule) || rule.Kind != domain.Limited {
		t.Errorf("the right password during the lock: %v", err)
	}
	outcome, err := b.Unlock(t.Context(), request(), everything, user)
	if err != nil || !outcome.State.LockedUntil.IsZero() {
		t.Errorf("unlocked: %v, %v", outcome.State.LockedUntil, err)
	}
	if err := try(password); err != nil {
		t.Errorf("after the unlock: %v", err)
	}
	if types := b.types(t, account.StreamOf(user)); !strings.HasSuffix(types, "account.account_locked account.account_unlocked") {
		t.Errorf("the account has %s", types)
	}
}

// An account for somebody is cut off before its roles: the same request completes it, and nobody else gets them.
func TestAnAccountThatIsCutOffIsCompletedByItsRequest(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	wanted := commands.NewUser{Registration: ada(), Status: account.Active, Roles: []string{"editor", roles.Auditor}}
	r, left := request(), 0
	for {
		budget := left
		b.faults.before = func(string) error {
			if budget--; budget < 0 {
				return errors.Join(eventstore.ErrUnavailable, errCut)
			}
			return nil
		}
		outcome, err := b.CreateUser(t.Context(), r, everything, wanted)
		if err == nil {
			held, err := b.UserRoles(t.Context(), outcome.State.UserID)
			if got := held.State.RolesAt(b.now); err != nil || len(got) != 2 {
				t.Errorf("roles %v, %v", got, err)
			}
			break
		}
		if left++; left > 10 || !errors.Is(err, commands.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if left != 3 { // what was done is not done again
		t.Errorf("it was cut off %d times", left)
	}
}

func TestAnIDIsGivenOnce(t *testing.T) {
	b := newBench(t)
	id := domain.ID{1, 15: 1}
	with := func(address string) error {
		_, err := b.CreateUser(t.Context(), request(), everything, commands.NewUser{Registration: commands.Registration{
			Email: address, EmailNormal: address, Password: password, ID: id,
		}})
		return err
	}
	if err := with("a@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := with("b@example.org"); !errors.Is(err, account.ErrIDUsed) {
		t.Errorf("again: %v, want ErrIDUsed", err)
	}
	if types := b.types(t, email.StreamOf(claimOf("b@example.org"))); types != "" {
		t.Errorf("the refused one claimed its address: %s", types)
	}
}
