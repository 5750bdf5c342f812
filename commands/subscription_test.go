package commands_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/plan"
	"am-user-management/domain/subscription"
	"am-user-management/internal/eventstore"
)

// seeded is a bench with the plans that the program brings along.
func seeded(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	if err := b.Seed(t.Context(), nil, plan.BuiltIn("USD")); err != nil {
		t.Fatal(err)
	}
	return b
}

// trial starts the user's trial as the saga does.
func (b *bench) trial(t *testing.T, user domain.ID) {
	t.Helper()
	envelope, created, err := b.Created(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.StartTrial(t.Context(), commands.Reaction(envelope, "onboarding", "trial", user.String()), created); err != nil {
		t.Fatal(err)
	}
}

// again signs ada up once more, after her address became free.
func (b *bench) again(t *testing.T, first account.State) domain.ID {
	t.Helper()
	history, err := b.log.Load(t.Context(), email.StreamOf(first.EmailClaim), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = b.log.Append(t.Context(), email.StreamOf(first.EmailClaim), eventstore.Expected(len(history)-1),
		[]eventstore.Draft{{ID: request().CommandID, Event: email.EmailReleased{Owner: first.UserID, Reason: "erased", At: b.now}}})
	if err != nil {
		t.Fatal(err)
	}
	created, err := b.Register(t.Context(), request(), ada())
	if err != nil {
		t.Fatal(err)
	}
	return created.State.UserID
}

func TestSigningUpAgainGivesNoSecondTrial(t *testing.T) {
	b := seeded(t)
	first := b.register(t)
	b.trial(t, first.UserID)
	second := b.again(t, first)
	b.trial(t, second)
	if _, err := b.Subscription(t.Context(), second); !errors.Is(err, subscription.ErrNotFound) {
		t.Errorf("the second account's subscription: %v, want none", err)
	}
	if done, err := b.StepDone(t.Context(), second, onboarding.Trial); err != nil || !done {
		t.Errorf("the step is done: %v, %v", done, err)
	}
	if _, err := b.TakeTrial(t.Context(), request(), second); !errors.Is(err, subscription.ErrTrialUsed) {
		t.Errorf("asked for: %v, want ErrTrialUsed", err)
	}
	if _, err := b.UpgradePlan(t.Context(), request(), second, plan.Pro, nil); err != nil {
		t.Errorf("a plan: %v", err)
	}
}

func TestATrialThatWasCutOffIsStartedByItsRepetition(t *testing.T) {
	b := seeded(t)
	user := b.register(t).UserID
	b.faults.before = func(stream string) error {
		if strings.HasPrefix(stream, "subscription-") {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	r := request()
	if _, err := b.TakeTrial(t.Context(), r, user); !errors.Is(err, commands.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	b.faults.before = nil
	for range 2 {
		got, err := b.TakeTrial(t.Context(), r, user)
		if err != nil || !got.State.Trial || !got.State.ExpiresAt.Equal(b.now.Add(14*24*time.Hour)) {
			t.Errorf("repeated: %+v, %v", got.State, err)
		}
	}
}

func TestAskingForATrialBesideAPlanTakesNone(t *testing.T) {
	b := seeded(t)
	first := b.register(t)
	if _, err := b.UpgradePlan(t.Context(), request(), first.UserID, plan.Basic, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.TakeTrial(t.Context(), request(), first.UserID); !errors.Is(err, subscription.ErrTrialUsed) {
		t.Fatalf("got %v, want ErrTrialUsed", err)
	}
	b.trial(t, b.again(t, first)) // the trial was not had
}

func TestWhatWasAgreedToStays(t *testing.T) {
	b := seeded(t)
	user := b.register(t).UserID
	if _, err := b.UpgradePlan(t.Context(), request(), user, plan.Pro, nil); err != nil {
		t.Fatal(err)
	}
	dearer := plan.Define{ID: plan.Pro, Name: "Pro", PriceMinor: 99900, Currency: "EUR", Interval: plan.Year, Rank: 1}
	if _, err := b.DefinePlan(t.Context(), request(), dearer); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.AddDate(0, 5, 0)
	got, err := b.Subscription(t.Context(), user)
	want := subscription.Terms{PlanID: plan.Pro, PriceMinor: 1900, Currency: "USD", Interval: subscription.Month, Rank: 20}
	if err != nil || got.State.Terms != want || !got.State.ExpiresAt.Equal(b.now.AddDate(0, 1, 0)) {
		t.Errorf("got %+v, %v", got.State, err)
	}
}

func TestAnUnknownPlanIsNotFound(t *testing.T) {
	b := seeded(t)
	for _, id := range []string{"nothing", "", "a/b", strings.Repeat("a", 1000)} {
		if _, err := b.UpgradePlan(t.Context(), request(), domain.ID{1}, id, nil); !errors.Is(err, plan.ErrNotFound) {
			t.Errorf("upgrade to %.20q: %v", id, err)
		}
		if _, err := b.DowngradePlan(t.Context(), request(), domain.ID{1}, id); !errors.Is(err, plan.ErrNotFound) {
			t.Errorf("downgrade to %.20q: %v", id, err)
		}
	}
}

func TestAPlanIsDefinedOnlyWhereItWasSeen(t *testing.T) {
	b := seeded(t)
	define := plan.Define{ID: "team", Name: "Team", Interval: plan.Month, Rank: 25}
	seen := request()
	seen.IfMatch = new(uint64)
	if _, err := b.DefinePlan(t.Context(), seen, define); !errors.Is(err, commands.ErrPreconditionFailed) {
		t.Errorf("a plan that is not there: %v", err)
	}
	if got, err := b.DefinePlan(t.Context(), request(), define); err != nil || got.State.Currency != "USD" {
		t.Errorf("got %+v, %v", got.State, err)
	}
	define.Name = "Squad"
	seen.CommandID = request().CommandID
	if _, err := b.DefinePlan(t.Context(), seen, define); err != nil {
		t.Errorf("the plan that was seen: %v", err)
	}
	define.ID = "no/id"
	if _, err := b.DefinePlan(t.Context(), request(), define); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("no id: %v", err)
	}
}

func TestTheTimerRecordsOnceWhatWasDue(t *testing.T) {
	b := seeded(t)
	user := b.register(t).UserID
	if _, err := b.UpgradePlan(t.Context(), request(), user, plan.Pro, nil); err != nil {
		t.Fatal(err)
	}
	settle := func() string {
		if err := b.SettleSubscription(t.Context(), user, 0); err != nil {
			t.Fatal(err)
		}
		return b.types(t, subscription.StreamOf(user))
	}
	const upgraded, renewed = "subscription.plan_upgraded", " subscription.subscription_renewed"
	if got := settle(); got != upgraded {
		t.Errorf("before its time: %s", got)
	}
	b.now = b.now.AddDate(0, 3, 0)
	for range 2 { // the second time from a table that lags
		if got := settle(); got != upgraded+renewed+renewed+renewed {
			t.Errorf("after three months: %s", got)
		}
	}
}
