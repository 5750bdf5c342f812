package commands_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/internal/eventstore"
)

const password = "correct horse"

// claimOf is the key of an address in these tests.
func claimOf(address string) string { return "claim-of-" + address }

// proven signs up with an address, and proves it.
func (b *bench) proven(t testing.TB, address string) domain.ID {
	t.Helper()
	created, err := b.Register(t.Context(), request(), commands.Registration{Email: address, EmailNormal: address, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.VerifyEmail(t.Context(), request(), created.State.UserID, created.State.Requests[0].ID); err != nil {
		t.Fatal(err)
	}
	return created.State.UserID
}

// wish asks for another address and returns the request that the token in the mail is made of.
func (b *bench) wish(t testing.TB, user domain.ID, address string) domain.ID {
	t.Helper()
	b.now = b.now.Add(time.Hour)
	outcome, err := b.RequestEmailChange(t.Context(), request(), user, commands.EmailChange{NewEmail: address, NewEmailNormal: address, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	changes := outcome.State.Changes
	return changes[len(changes)-1].ID
}

func (b *bench) change(t testing.TB, user domain.ID, address string) {
	t.Helper()
	if _, err := b.ConfirmEmailChange(t.Context(), request(), user, b.wish(t, user, address)); err != nil {
		t.Fatal(err)
	}
}

// owner is who has an address; zero for nobody.
func (b *bench) owner(t testing.TB, address string) domain.ID {
	t.Helper()
	history, err := b.log.Load(t.Context(), email.StreamOf(claimOf(address)), 0)
	if err != nil {
		t.Fatal(err)
	}
	var state email.State
	for _, e := range history {
		state = state.Evolve(e.Event.(email.Event))
	}
	return state.Owner
}

func (b *bench) logsIn(t testing.TB, address string) bool {
	t.Helper()
	_, err := b.Login(t.Context(), request(), commands.Credentials{EmailNormal: address, Password: password, SecretHash: "h"})
	if err != nil && !errors.Is(err, account.ErrInvalidCredentials) {
		t.Fatal(err)
	}
	return err == nil
}

func TestTheOldAddressStaysUntilTheNewOneIsProven(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	token := b.wish(t, user, "b@example.org")
	if !b.logsIn(t, "a@example.org") || b.logsIn(t, "b@example.org") {
		t.Error("before the proof the old address, and only it, must do")
	}
	if got := b.owner(t, "b@example.org"); !got.IsZero() {
		t.Errorf("the wish alone claimed the address for %s", got)
	}
	if _, err := b.ConfirmEmailChange(t.Context(), request(), user, token); err != nil {
		t.Fatal(err)
	}
	if b.logsIn(t, "a@example.org") || !b.logsIn(t, "b@example.org") {
		t.Error("after the proof the new address, and only it, must do")
	}
	if _, err := b.Register(t.Context(), request(), commands.Registration{Email: "a@example.org", EmailNormal: "a@example.org", Password: password}); !errors.Is(err, account.ErrAlreadyExists) {
		t.Errorf("before the old address is released: %v", err)
	}
	for range 2 {
		if err := b.ReleaseClaim(t.Context(), user, claimOf("a@example.org")); err != nil {
			t.Fatal(err)
		}
	}
	if next := b.proven(t, "a@example.org"); next == user {
		t.Error("the old address led back to the old account")
	}
}

func TestAWrongPasswordAsksForNoOtherAddress(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	_, err := b.RequestEmailChange(t.Context(), request(), user, commands.EmailChange{NewEmail: "b@example.org", NewEmailNormal: "b@example.org", Password: "wrong horse"})
	if !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("got %v, want ErrInvalidCredentials", err)
	}
	if types := b.types(t, account.StreamOf(user)); strings.Contains(types, "change") {
		t.Errorf("the account has %s", types)
	}
}

func TestAnAddressThatIsTakenIsToldToWhoeverProvedItOnly(t *testing.T) {
	b := newBench(t)
	user, other := b.proven(t, "a@example.org"), b.proven(t, "b@example.org")
	free, taken := b.wish(t, user, "c@example.org"), b.wish(t, user, "b@example.org")
	if free == taken {
		t.Fatal("no second request was made")
	}
	if _, err := b.ConfirmEmailChange(t.Context(), request(), user, taken); !errors.Is(err, account.ErrAlreadyExists) {
		t.Errorf("got %v, want ErrAlreadyExists", err)
	}
	if b.owner(t, "b@example.org") != other || !b.logsIn(t, "a@example.org") {
		t.Error("the refusal changed something")
	}
	if _, err := b.ConfirmEmailChange(t.Context(), request(), user, free); err != nil {
		t.Errorf("the other token: %v", err)
	}
}

func TestAVoidTokenClaimsNothing(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	token := b.wish(t, user, "b@example.org")
	b.now = b.now.Add(24 * time.Hour)
	for _, request := range []struct {
		token domain.ID
		want  error
	}{{token, account.ErrTokenExpired}, {domain.ID{1}, account.ErrTokenInvalid}} {
		r := commands.Request{CommandID: [16]byte(request.token), Fingerprint: "f"}
		if _, err := b.ConfirmEmailChange(t.Context(), r, user, request.token); !errors.Is(err, request.want) {
			t.Errorf("got %v, want %v", err, request.want)
		}
	}
	if got := b.owner(t, "b@example.org"); !got.IsZero() {
		t.Errorf("a void token claimed the address for %s", got)
	}
}

func TestAConfirmationRepeatedUnderItsKeyIsTheSame(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	token, r := b.wish(t, user, "b@example.org"), request()
	first, err := b.ConfirmEmailChange(t.Context(), r, user, token)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.ConfirmEmailChange(t.Context(), r, user, token)
	if err != nil || !again.Replayed || again.Revision != first.Revision {
		t.Errorf("again: %+v, %v", again.Result, err)
	}
	r.Fingerprint = "another body"
	if _, err := b.ConfirmEmailChange(t.Context(), r, user, token); !errors.Is(err, commands.ErrKeyReused) {
		t.Errorf("another body: %v", err)
	}
}

// cut lets a confirmation claim the address, and no more.
func (b *bench) cut(t testing.TB, user, token domain.ID) {
	t.Helper()
	b.faults.before = func(stream string) error {
		if strings.HasPrefix(stream, "account-") {
			return errors.Join(eventstore.ErrUnavailable, errCut)
		}
		return nil
	}
	if _, err := b.ConfirmEmailChange(t.Context(), request(), user, token); !errors.Is(err, commands.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	b.faults.before = nil
}

// The reaper and a change that is slow between its claim and its account, in both orders.
func TestTheReaperAndASlowChangeNeverBothWin(t *testing.T) {
	start := func(t *testing.T) (b *bench, user, token domain.ID) {
		b = newBench(t)
		user = b.proven(t, "a@example.org")
		token = b.wish(t, user, "b@example.org")
		b.cut(t, user, token)
		if b.owner(t, "b@example.org") != user {
			t.Fatal("the address is not claimed")
		}
		return b, user, token
	}
	t.Run("the reaper first", func(t *testing.T) {
		b, user, token := start(t)
		if released, err := b.ReapClaim(t.Context(), claimOf("b@example.org"), user); err != nil || !released {
			t.Fatalf("released %v, %v", released, err)
		}
		if _, err := b.ConfirmEmailChange(t.Context(), request(), user, token); !errors.Is(err, account.ErrTokenUsed) {
			t.Errorf("the slow change: %v, want ErrTokenUsed", err)
		}
		b.proven(t, "b@example.org")
		if !b.logsIn(t, "a@example.org") {
			t.Error("the account lost its address")
		}
	})
	t.Run("the change first", func(t *testing.T) {
		b, user, token := start(t)
		if _, err := b.ConfirmEmailChange(t.Context(), request(), user, token); err != nil {
			t.Fatal(err)
		}
		if released, err := b.ReapClaim(t.Context(), claimOf("b@example.org"), user); err != nil || released {
			t.Fatalf("released %v, %v", released, err)
		}
		if !b.logsIn(t, "b@example.org") {
			t.Error("the new address does not do")
		}
	})
	t.Run("the reaper between the change's look and its event", func(t *testing.T) {
		b, user, token := start(t)
		first := true
		b.faults.before = func(stream string) error {
			if stream == account.StreamOf(user) && first {
				first = false
				if released, err := b.ReapClaim(t.Context(), claimOf("b@example.org"), user); err != nil || !released {
					t.Errorf("released %v, %v", released, err)
				}
				b.proven(t, "b@example.org")
			}
			return nil
		}
		if _, err := b.ConfirmEmailChange(t.Context(), request(), user, token); !errors.Is(err, account.ErrTokenUsed) {
			t.Errorf("the slow change: %v, want ErrTokenUsed", err)
		}
	})
	t.Run("the change between the reaper's look and its release", func(t *testing.T) {
		b, user, token := start(t)
		if released, err := b.ReapClaim(t.Context(), claimOf("b@example.org"), user); err != nil || !released {
			t.Fatalf("released %v, %v", released, err)
		}
		_ = token
		b.change(t, user, "b@example.org")
		b.change(t, user, "c@example.org") // b is left over
		back := b.wish(t, user, "d@example.org")
		first := true
		b.faults.before = func(stream string) error {
			if stream == email.StreamOf(claimOf("b@example.org")) && first { // the release: whoever released was slow
				first = false
				if _, err := b.ConfirmEmailChange(t.Context(), request(), user, back); err != nil {
					t.Error(err)
				}
				b.change(t, user, "b@example.org")
			}
			return nil
		}
		released, err := b.ReapClaim(t.Context(), claimOf("b@example.org"), user)
		if released || !errors.Is(err, commands.ErrPreconditionFailed) {
			t.Errorf("released %v, %v: want ErrPreconditionFailed", released, err)
		}
		b.faults.before = nil
		if b.owner(t, "b@example.org") != user || !b.logsIn(t, "b@example.org") {
			t.Error("the account lost the address it was given meanwhile")
		}
	})
}

func TestTheSameTokenCompletesAChangeThatWasCutOff(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	token := b.wish(t, user, "b@example.org")
	b.cut(t, user, token)
	if b.logsIn(t, "b@example.org") || !b.logsIn(t, "a@example.org") {
		t.Error("a claim alone changed the address")
	}
	if _, err := b.ConfirmEmailChange(t.Context(), request(), user, token); err != nil {
		t.Fatal(err)
	}
	if !b.logsIn(t, "b@example.org") {
		t.Error("the new address does not do")
	}
}

func TestOneOfManyWhoWantAnAddressGetsIt(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	token := b.wish(t, user, "b@example.org")
	first := true
	b.faults.before = func(stream string) error { // A → B, while another signs up with B
		if stream == email.StreamOf(claimOf("b@example.org")) && first {
			first = false
			if _, err := b.Register(t.Context(), request(), commands.Registration{Email: "b", EmailNormal: "b@example.org", Password: password}); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	if _, err := b.ConfirmEmailChange(t.Context(), request(), user, token); !errors.Is(err, account.ErrAlreadyExists) {
		t.Errorf("the change: %v, want ErrAlreadyExists", err)
	}
	if b.owner(t, "b@example.org") == user || !b.logsIn(t, "a@example.org") {
		t.Error("two own one address")
	}
}

func TestChangeAndChangeBack(t *testing.T) {
	b := newBench(t)
	user := b.proven(t, "a@example.org")
	b.change(t, user, "b@example.org")
	b.change(t, user, "a@example.org") // before anybody released it
	for _, address := range []string{"a@example.org", "b@example.org"} {
		if err := b.ReleaseClaim(t.Context(), user, claimOf(address)); err != nil {
			t.Fatal(err)
		}
	}
	if b.owner(t, "a@example.org") != user || !b.owner(t, "b@example.org").IsZero() || !b.logsIn(t, "a@example.org") {
		t.Error("the wrong claim was released")
	}
	b.change(t, user, "b@example.org") // and once more, the same two addresses
	if err := b.ReleaseClaim(t.Context(), user, claimOf("a@example.org")); err != nil {
		t.Fatal(err)
	}
	if !b.owner(t, "a@example.org").IsZero() || b.owner(t, "b@example.org") != user {
		t.Error("the second time the wrong claim was released, or none")
	}
}

// Whatever happens in whatever order, each account has its address, and no address has two.
func TestEveryAccountHasOneClaimAndEveryClaimOneAccount(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		addresses := []string{"a", "b", "c", "d"}
		users := map[domain.ID]bool{}
		var tokens [][2]domain.ID
		pick := func(label string) string { return rapid.SampledFrom(addresses).Draw(rt, label) }
		user := func() (domain.ID, bool) {
			var ids []domain.ID
			for _, event := range b.log.Log() {
				if id, err := domain.ParseID(strings.TrimPrefix(event.Stream, "account-")); err == nil && event.Revision == 0 && users[id] {
					ids = append(ids, id)
				}
			}
			if len(ids) == 0 {
				return domain.ID{}, false
			}
			return rapid.SampledFrom(ids).Draw(rt, "user"), true
		}
		cutting := func() {
			left := rapid.IntRange(0, 4).Draw(rt, "appends before the cut")
			b.faults.before = func(string) error {
				if left--; left < 0 {
					return errors.Join(eventstore.ErrUnavailable, errCut)
				}
				return nil
			}
		}
		mayFail := func(err error) {
			b.faults.before = nil
			var rule *domain.Error
			if err != nil && !errors.As(err, &rule) {
				rt.Fatalf("not a rule: %v", err)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"sign up": func(*rapid.T) {
				address := pick("address")
				cutting()
				created, err := b.Register(t.Context(), request(), commands.Registration{Email: address, EmailNormal: address, Password: password})
				if mayFail(err); err == nil {
					users[created.State.UserID] = true
				}
			},
			"wish": func(*rapid.T) {
				if id, ok := user(); ok {
					b.now = b.now.Add(time.Hour)
					address := pick("address")
					outcome, err := b.RequestEmailChange(t.Context(), request(), id, commands.EmailChange{NewEmail: address, NewEmailNormal: address, Password: password})
					mayFail(err)
					if changes := outcome.State.Changes; err == nil && len(changes) > 0 {
						tokens = append(tokens, [2]domain.ID{id, changes[len(changes)-1].ID})
					}
				}
			},
			"confirm": func(*rapid.T) {
				if len(tokens) > 0 {
					token := rapid.SampledFrom(tokens).Draw(rt, "token")
					cutting()
					_, err := b.ConfirmEmailChange(t.Context(), request(), token[0], token[1])
					mayFail(err)
				}
			},
			"reap": func(*rapid.T) {
				address := pick("address")
				if owner := b.owner(t, address); !owner.IsZero() {
					cutting()
					_, err := b.ReapClaim(t.Context(), claimOf(address), owner)
					mayFail(err)
				}
			},
			"deactivate": func(*rapid.T) {
				if id, ok := user(); ok {
					_, err := b.Deactivate(t.Context(), request(), []string{"*:*"}, id)
					mayFail(err)
					_, err = b.Reactivate(t.Context(), request(), []string{"*:*"}, id)
					mayFail(err)
				}
			},
			"": func(rt *rapid.T) { b.audit(t, rt, users, false) },
		})
		for _, address := range addresses {
			if owner := b.owner(t, address); !owner.IsZero() {
				if _, err := b.ReapClaim(t.Context(), claimOf(address), owner); err != nil {
					rt.Fatal(err)
				}
			}
		}
		b.audit(t, rt, users, true)
	})
}

// audit reads the log as an auditor does. settled is true once every claim that led to nothing is released.
func (b *bench) audit(t *testing.T, rt *rapid.T, users map[domain.ID]bool, settled bool) {
	t.Helper()
	claims := map[string]domain.ID{}
	for user := range users {
		found, err := b.Account(t.Context(), user)
		if err != nil {
			rt.Fatal(err)
		}
		if other, taken := claims[found.State.EmailClaim]; taken {
			rt.Fatalf("%s and %s have one address", user, other)
		}
		claims[found.State.EmailClaim] = user
		address := strings.TrimPrefix(found.State.EmailClaim, claimOf(""))
		if owner := b.owner(t, address); owner != user {
			rt.Fatalf("the address %s of %s is claimed by %s", address, user, owner)
		}
		if found.State.Email.Text() != address {
			rt.Fatalf("the account's address is %q, its claim is on %s", found.State.Email.Text(), address)
		}
	}
	if !settled {
		return
	}
	for _, address := range []string{"a", "b", "c", "d"} {
		if owner := b.owner(t, address); !owner.IsZero() && claims[claimOf(address)] != owner {
			rt.Fatal(fmt.Sprintf("%s is claimed by %s, who does not have it", address, owner))
		}
	}
}
