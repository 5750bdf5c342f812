package commands_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/internal/eventstore"
)

func TestARepeatedRequestHasTheAnswerItHad(t *testing.T) {
	b := newBench(t)
	r := request()
	first, err := b.Register(t.Context(), r, ada())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.VerifyEmail(t.Context(), request(), first.State.UserID, first.State.Requests[0].ID); err != nil {
		t.Fatal(err)
	}
	again, err := b.Register(t.Context(), r, ada())
	if err != nil {
		t.Fatal(err)
	}
	if !again.Replayed || again.Revision != first.Revision || again.State.Status != account.PendingVerification {
		t.Errorf("the repeated sign-up answered %+v at revision %d, not what it answered first", again.State.Status, again.Revision)
	}
	if got := b.types(t, account.StreamOf(first.State.UserID)); strings.Count(got, "user_created") != 1 {
		t.Errorf("the account's events are %s", got)
	}
}

func TestAKeyUsedForAnotherRequestIsRefused(t *testing.T) {
	b := newBench(t)
	r := request()
	if _, err := b.Register(t.Context(), r, ada()); err != nil {
		t.Fatal(err)
	}
	r.Fingerprint = "another body"
	other := ada()
	other.EmailNormal = "other@example.org"
	if _, err := b.Register(t.Context(), r, other); !errors.Is(err, commands.ErrKeyReused) {
		t.Errorf("got %v, want ErrKeyReused", err)
	}
}

func TestALostAnswerIsNoSecondEvent(t *testing.T) {
	b := newBench(t)
	b.faults.after = func(stream string) error {
		if strings.HasPrefix(stream, "account-") {
			b.faults.after = nil
			return errors.Join(eventstore.ErrUnknownOutcome, errCut)
		}
		return nil
	}
	r := request()
	if _, err := b.Register(t.Context(), r, ada()); !errors.Is(err, commands.ErrOutcomeUnknown) {
		t.Fatalf("got %v, want ErrOutcomeUnknown", err)
	}
	created, err := b.Register(t.Context(), r, ada())
	if err != nil || !created.Replayed {
		t.Fatalf("the repetition: %v, replayed %v", err, created.Replayed)
	}
	if got := b.types(t, account.StreamOf(created.State.UserID)); strings.Count(got, "user_created") != 1 {
		t.Errorf("the account's events are %s", got)
	}
}

func TestAStaleRevisionIsRefused(t *testing.T) {
	b := newBench(t)
	user := b.register(t).UserID
	if err := b.CreateProfile(t.Context(), request(), account.UserCreated{UserID: user}); err != nil {
		t.Fatal(err)
	}
	bio := domain.NewPersonal("first")
	update := func(ifMatch *uint64) error {
		r := request()
		r.IfMatch = ifMatch
		_, err := b.UpdateProfile(t.Context(), r, user, profile.Patch{Bio: &bio})
		return err
	}
	seen := uint64(0)
	if err := update(&seen); err != nil {
		t.Fatal(err)
	}
	bio = domain.NewPersonal("second")
	if err := update(&seen); !errors.Is(err, commands.ErrPreconditionFailed) {
		t.Errorf("got %v, want ErrPreconditionFailed", err)
	}
	if got := b.types(t, profile.StreamOf(user)); got != "profile.profile_created profile.profile_updated" {
		t.Errorf("the profile's events are %s", got)
	}
}

func TestRivalsAreDecidedAgainAndThenToldOfTheConflict(t *testing.T) {
	b := newBench(t)
	tries := 0
	b.faults.before = func(string) error {
		if tries++; tries <= 3 {
			return eventstore.ErrConflict
		}
		return nil
	}
	if _, err := b.Register(t.Context(), request(), ada()); err != nil {
		t.Fatalf("after three lost races: %v", err)
	}
	b.faults.before = func(string) error { return eventstore.ErrConflict }
	other := ada()
	other.EmailNormal = "other@example.org"
	if _, err := b.Register(t.Context(), request(), other); !errors.Is(err, commands.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
}

func TestManyWritersOfOneStreamAllGetTheirTurn(t *testing.T) {
	b := newBench(t)
	user := b.register(t).UserID
	if err := b.CreateProfile(t.Context(), request(), account.UserCreated{UserID: user}); err != nil {
		t.Fatal(err)
	}
	const writers = 50
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			patch := profile.Patch{Metadata: json.RawMessage(fmt.Sprintf(`{"k%d":1}`, i))}
			if _, err := b.UpdateProfile(t.Context(), request(), user, patch); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := strings.Count(b.types(t, profile.StreamOf(user)), "profile_updated"); got != writers {
		t.Errorf("%d of %d changes were made", got, writers)
	}
}

func TestOneKeyAtTheSameMomentIsOneRequest(t *testing.T) {
	b := newBench(t)
	user := b.register(t).UserID
	if err := b.CreateProfile(t.Context(), request(), account.UserCreated{UserID: user}); err != nil {
		t.Fatal(err)
	}
	key := request()
	var group sync.WaitGroup
	var done, refused atomic.Int64
	for i := range 16 {
		group.Go(func() {
			r, bio := key, domain.NewPersonal(fmt.Sprint(i))
			r.Fingerprint = fmt.Sprint("body ", i)
			_, err := b.UpdateProfile(t.Context(), r, user, profile.Patch{Bio: &bio})
			switch {
			case err == nil:
				done.Add(1)
			case errors.Is(err, commands.ErrKeyReused):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if done.Load() != 1 || refused.Load() != 15 {
		t.Errorf("%d were done and %d refused", done.Load(), refused.Load())
	}
}

func TestWhatIsDoneButNotYetEffectiveSaysSo(t *testing.T) {
	b := newBench(t)
	b.inline.err = errCut
	r := request()
	if _, err := b.Register(t.Context(), r, ada()); !errors.Is(err, commands.ErrNotYetEffective) {
		t.Fatalf("got %v, want ErrNotYetEffective", err)
	}
	b.inline.err = nil
	b.inline.applied = nil
	created, err := b.Register(t.Context(), r, ada())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(b.inline.applied, " "), account.StreamOf(created.State.UserID)) {
		t.Errorf("the repetition made %v effective, not the account", b.inline.applied)
	}
}
