package commands_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/session"
	"am-user-management/internal/eventstore"
)

func TestOneOfManySignUpsForAnAddressWins(t *testing.T) {
	b := newBench(t)
	var wins, losses int
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			_, err := b.Register(t.Context(), request(), ada())
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
			case errors.Is(err, account.ErrAlreadyExists):
				losses++
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if wins != 1 || losses != 31 {
		t.Errorf("%d sign-ups won and %d lost", wins, losses)
	}
}

func TestBadInputWritesNothing(t *testing.T) {
	for name, reg := range map[string]func(*commands.Registration){
		"a short password": func(r *commands.Registration) { r.Password = "short" },
		"a bad name":       func(r *commands.Registration) { r.FirstName = "a\x00b" },
		"no such zone":     func(r *commands.Registration) { r.Timezone = "Mars/Olympus" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			registration := ada()
			reg(&registration)
			if _, err := b.Register(t.Context(), request(), registration); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
			if events := b.log.Log(); len(events) != 0 {
				t.Errorf("%d events were written", len(events))
			}
		})
	}
}

// The reaper and a sign-up that is slow between its claim and its account, in both orders.
func TestTheReaperAndASlowSignUpNeverBothWin(t *testing.T) {
	stop := func(b *bench) (commands.Request, domain.ID) {
		b.faults.before = func(stream string) error {
			if strings.HasPrefix(stream, "account-") {
				return errors.Join(eventstore.ErrUnavailable, errCut)
			}
			return nil
		}
		r := request()
		if _, err := b.Register(t.Context(), r, ada()); !errors.Is(err, commands.ErrUnavailable) {
			t.Fatalf("got %v, want ErrUnavailable", err)
		}
		b.faults.before = nil
		claim, err := b.log.Load(t.Context(), email.StreamOf("claim-of-ada@example.org"), 0)
		if err != nil || len(claim) != 1 {
			t.Fatalf("the claim: %v, %v", claim, err)
		}
		return r, claim[0].Event.(email.EmailClaimed).Owner
	}
	t.Run("the reaper first", func(t *testing.T) {
		b := newBench(t)
		r, owner := stop(b)
		if released, err := b.ReapClaim(t.Context(), "claim-of-ada@example.org", owner); err != nil || !released {
			t.Fatalf("released %v, %v", released, err)
		}
		if _, err := b.Register(t.Context(), r, ada()); !errors.Is(err, account.ErrRegistrationExpired) {
			t.Errorf("the slow sign-up: %v, want ErrRegistrationExpired", err)
		}
	})
	t.Run("the sign-up first", func(t *testing.T) {
		b := newBench(t)
		r, owner := stop(b)
		if _, err := b.Register(t.Context(), r, ada()); err != nil {
			t.Fatal(err)
		}
		if released, err := b.ReapClaim(t.Context(), "claim-of-ada@example.org", owner); err != nil || released {
			t.Fatalf("released %v, %v", released, err)
		}
	})
	t.Run("and the address is free afterwards", func(t *testing.T) {
		b := newBench(t)
		_, owner := stop(b)
		if _, err := b.Register(t.Context(), request(), ada()); !errors.Is(err, account.ErrAlreadyExists) {
			t.Fatalf("before the reaper: %v, want ErrAlreadyExists", err)
		}
		if _, err := b.ReapClaim(t.Context(), "claim-of-ada@example.org", owner); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Register(t.Context(), request(), ada()); err != nil {
			t.Errorf("after the reaper: %v", err)
		}
	})
}

// A key that was used for one address must not leave a claim on another: nobody could ever sign up for it.
func TestAReusedKeyClaimsNoOtherAddress(t *testing.T) {
	b := newBench(t)
	r := request()
	if _, err := b.Register(t.Context(), r, ada()); err != nil {
		t.Fatal(err)
	}
	other := ada()
	other.EmailNormal = "victim@example.org"
	r.Fingerprint = "another body"
	if _, err := b.Register(t.Context(), r, other); !errors.Is(err, commands.ErrKeyReused) {
		t.Errorf("got %v, want ErrKeyReused", err)
	}
	if _, err := b.Register(t.Context(), request(), other); err != nil {
		t.Errorf("the victim: %v", err)
	}
}

// Two sign-ups with one key at the same time can both claim before either creates: the reaper frees what is left over.
func TestTheReaperFreesAClaimThatItsAccountWasNotCreatedWith(t *testing.T) {
	b := newBench(t)
	r := request()
	other := ada()
	other.EmailNormal = "victim@example.org"
	first := true
	b.faults.before = func(stream string) error {
		if strings.HasPrefix(stream, "account-") && first {
			first = false
			if _, err := b.Register(t.Context(), r, other); err != nil { // meanwhile
				t.Error(err)
			}
		}
		return nil
	}
	if _, err := b.Register(t.Context(), r, ada()); err != nil && !errors.Is(err, commands.ErrKeyReused) {
		t.Fatal(err)
	}
	claim, err := b.log.Load(t.Context(), email.StreamOf("claim-of-ada@example.org"), 0)
	if err != nil {
		t.Fatal(err)
	}
	owner := claim[0].Event.(email.EmailClaimed).Owner
	for key, want := range map[string]bool{"claim-of-ada@example.org": true, "claim-of-victim@example.org": false} {
		if released, err := b.ReapClaim(t.Context(), key, owner); err != nil || released != want {
			t.Errorf("%s: released %v, %v", key, released, err)
		}
	}
}

func TestLogin(t *testing.T) {
	b := newBench(t)
	user := b.register(t).UserID
	login := func(email, password string) (commands.Outcome[session.State], error) {
		return b.Login(t.Context(), request(), commands.Credentials{EmailNormal: email, Password: password, SecretHash: "h"})
	}
	got, err := login("ada@example.org", "correct horse")
	if err != nil || got.State.UserID != user || !got.State.ExpiresAt.Equal(b.now.Add(24*time.Hour)) {
		t.Errorf("the right password: %+v, %v", got.State, err)
	}
	if _, err := login("ada@example.org", "wrong horse"); !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := login("nobody@example.org", "correct horse"); !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("an unknown address: %v", err)
	}
}

func TestOnlyTheRightPasswordLearnsThatTheAddressIsNotVerified(t *testing.T) {
	b := newBench(t)
	if _, err := b.Register(t.Context(), request(), ada()); err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]error{"correct horse": account.ErrEmailNotVerified, "wrong": account.ErrInvalidCredentials} {
		_, err := b.Login(t.Context(), request(), commands.Credentials{EmailNormal: "ada@example.org", Password: password})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", password, err, want)
		}
	}
}

func TestResendingTellsNothing(t *testing.T) {
	b := newBench(t)
	if _, err := b.ResendVerification(t.Context(), request(), "nobody@example.org"); err != nil {
		t.Errorf("an unknown address: %v", err)
	}
	created, err := b.Register(t.Context(), request(), ada())
	if err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(2 * time.Minute)
	if _, err := b.ResendVerification(t.Context(), request(), "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.VerifyEmail(t.Context(), request(), created.State.UserID, created.State.Requests[0].ID); err != nil {
		t.Errorf("the earlier token: %v", err)
	}
	if _, err := b.ResendVerification(t.Context(), request(), "ada@example.org"); err != nil {
		t.Errorf("a verified address: %v", err)
	}
}

func TestTheAdministratorIsMadeOnceAndCompletedAfterACrash(t *testing.T) {
	b := newBench(t)
	b.seed(t)
	b.faults.before = func(stream string) error {
		if strings.HasPrefix(stream, "access-") {
			return errors.Join(eventstore.ErrUnavailable, errCut)
		}
		return nil
	}
	if err := b.BootstrapAdmin(t.Context(), ada()); !errors.Is(err, commands.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	b.faults.before = nil
	for range 2 {
		if err := b.BootstrapAdmin(t.Context(), ada()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.Login(t.Context(), request(), commands.Credentials{EmailNormal: "ada@example.org", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	if types := b.types(t, "access-"+got.State.UserID.String()); types != "access.role_assigned" {
		t.Errorf("the administrator's access: %s", types)
	}
}
