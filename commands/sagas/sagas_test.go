package sagas_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/commands"
	"am-user-management/commands/sagas"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/roles"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/memstore"
	"am-user-management/internal/jobs"
	"am-user-management/internal/keyring"
	"am-user-management/internal/limiter"
)

// bench is a saga over a store in memory, and everything it reaches for.
type bench struct {
	t       *testing.T
	service *commands.Service
	log     *memstore.Store
	fails   func(stream string) error
	queued  []jobs.Effect
	mails   []sagas.Mail
	wanted  []jobs.Mail
	revoked []jobs.Revocation
	keys    []domain.ID
	passed  time.Duration
	told    []domain.ID
	mailErr error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	events, err := codec.New(keyring.NewMemory(), codec.All()...)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t}
	b.log = memstore.New(events, b.clock)
	b.service = commands.New(commands.Dependencies{
		Store: b, Inline: b, Passwords: b, Clock: b.clock,
		Limiter: limiter.NewMemory(limiter.Rules{Attempts: 10, Lock: time.Minute}, b.clock),
		ClaimOf: func(normal string) string { return normal }, ValidZone: func(string) bool { return true },
		Settings: commands.Settings{
			EmailVerification: true, VerifyTokenTTL: time.Hour, TrialDays: 14, TrialPlan: "pro", DefaultRole: "viewer",
		},
	})
	if err := b.service.Seed(t.Context(), roles.BuiltIn(nil), nil); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) onboarding(steps sagas.Steps) *sagas.Onboarding {
	return sagas.NewOnboarding(b.service, b, steps, slog.New(slog.DiscardHandler))
}

func (b *bench) effects() *sagas.Effects { return sagas.NewEffects(b.service, b, b, b.clock) }

func (b *bench) clock() time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Add(b.passed)
}

// verification is the mail that a request for a proof of the address asks for.
func verification(user, request domain.ID) jobs.Mail {
	return jobs.Mail{User: user, Template: string(sagas.VerifyEmail), Ref: request}
}

// signUp returns the events of a new account.
func (b *bench) signUp() (account.State, []eventstore.Envelope) {
	b.t.Helper()
	created, err := b.service.Register(b.t.Context(), commands.Request{CommandID: uuid.New()}, commands.Registration{
		Email: "ada@example.org", EmailNormal: "ada@example.org", Password: "secret", FirstName: "Ada",
	})
	if err != nil {
		b.t.Fatal(err)
	}
	history, err := b.log.Load(b.t.Context(), account.StreamOf(created.State.UserID), 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return created.State, history
}

// steps lists the types of the events that a user's onboarding wrote.
func (b *bench) steps() string {
	var types []string
	for _, e := range b.log.Log() {
		if !strings.HasPrefix(e.Stream, "role-") && !strings.HasPrefix(e.Stream, "account-") && !strings.HasPrefix(e.Stream, "email-") {
			types = append(types, e.Type)
		}
	}
	return strings.Join(types, " ")
}

var every = sagas.Steps{Trial: true, Profile: true, Role: true, Mail: true, Token: true}

const inner = "trial.trial_claimed.v1 subscription.trial_started.v1 profile.profile_created.v1 access.role_assigned.v1"

func TestTheImportedHaveASagaOfTheirOwn(t *testing.T) {
	b := newBench(t)
	_, signedUp := b.signUp()
	outcomes, _, err := b.service.ImportUsers(t.Context(), commands.Import{
		Request: commands.Request{CommandID: uuid.New(), At: b.clock()},
		Rows: []commands.ImportRow{{User: commands.Imported{
			Email: "bob@example.org", EmailNormal: "bob@example.org", PasswordHash: "hash", Status: account.Active,
		}}},
	})
	if err != nil || outcomes[0].Err != nil {
		t.Fatal(err, outcomes[0].Err)
	}
	imported, err := b.log.Load(t.Context(), account.StreamOf(outcomes[0].User), 0)
	if err != nil {
		t.Fatal(err)
	}
	saga := sagas.NewImportedOnboarding(b.service, b, every, slog.New(slog.DiscardHandler))
	if saga.Name() == b.onboarding(every).Name() {
		t.Error("the sagas share a checkpoint")
	}
	if saga.Handles(account.EmailVerificationRequested{}.EventType()) {
		t.Error("a mail would be queued by both")
	}
	for _, batch := range [][]eventstore.Envelope{signedUp, imported} {
		if err := saga.Apply(t.Context(), nil, batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.onboarding(every).Apply(t.Context(), nil, imported); err != nil {
		t.Fatal(err)
	}
	if got := b.steps(); got != inner {
		t.Errorf("the one who was imported got %s, want %s", got, inner)
	}
	if len(b.queued) != 1 || b.queued[0].User != outcomes[0].User {
		t.Errorf("queued %v, want one effect for the one who was imported", b.queued)
	}
}

func TestANewUserGetsEveryStepOnceHoweverOftenTheEventsCome(t *testing.T) {
	b := newBench(t)
	state, history := b.signUp()
	saga := b.onboarding(every)
	for range 3 {
		b.queued = nil
		if err := saga.Apply(t.Context(), nil, history); err != nil {
			t.Fatal(err)
		}
		want := []jobs.Effect{
			{User: state.UserID, Step: onboarding.Token},
			{User: state.UserID, Step: onboarding.Mail, Request: state.Requests[0].ID},
		}
		if len(b.queued) != 2 || b.queued[0] != want[0] || b.queued[1] != want[1] {
			t.Errorf("queued %v, want %v", b.queued, want)
		}
	}
	if got := b.steps(); got != inner {
		t.Errorf("the steps wrote %s", got)
	}
}

func TestAFailingStepIsLeftToAJobAndFailsNothingElse(t *testing.T) {
	b := newBench(t)
	state, history := b.signUp()
	b.fails = func(stream string) error {
		if strings.HasPrefix(stream, "profile-") {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	saga := b.onboarding(every)
	if err := saga.Apply(t.Context(), nil, history); err != nil {
		t.Fatal(err)
	}
	if left := b.queued[0]; left.Step != onboarding.Profile || left.Failure == "" {
		t.Errorf("left to jobs: %v", b.queued)
	}
	b.fails = nil
	for range 2 {
		if err := saga.RunStep(t.Context(), state.UserID, onboarding.Profile); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(b.steps(), "profile.profile_created.v1"); got != 1 {
		t.Errorf("%d profiles were created", got)
	}
}

func TestWhatIsSwitchedOffIsNotDone(t *testing.T) {
	b := newBench(t)
	_, history := b.signUp()
	if err := b.onboarding(sagas.Steps{Role: true}).Apply(t.Context(), nil, history); err != nil {
		t.Fatal(err)
	}
	if got := b.steps(); got != "access.role_assigned.v1" || len(b.queued) != 0 {
		t.Errorf("the steps wrote %s and queued %v", got, b.queued)
	}
}

func TestAMailIsSentUntilItIsRecordedAndNotAfterwards(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	request := state.Requests[0].ID
	b.mailErr = errors.New("the mail server is down")
	if err := b.effects().SendMail(t.Context(), verification(state.UserID, request)); !errors.Is(err, b.mailErr) {
		t.Fatalf("got %v", err)
	}
	b.mailErr = nil
	for range 2 { // the second time as after a restore of the job queue
		if err := b.effects().SendMail(t.Context(), verification(state.UserID, request)); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.mails) != 1 || b.mails[0].To != "ada@example.org" || b.mails[0].Effect != request {
		t.Errorf("sent %v", b.mails)
	}
}

func TestNoMailGoesToWhoeverHasNothingToProve(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	request := state.Requests[0].ID
	if err := b.effects().SendMail(t.Context(), verification(state.UserID, domain.ID{1})); err != nil {
		t.Fatal(err)
	}
	if err := b.effects().SendMail(t.Context(), verification(domain.ID{1}, request)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.VerifyEmail(t.Context(), commands.Request{CommandID: uuid.New()}, state.UserID, request); err != nil {
		t.Fatal(err)
	}
	if err := b.effects().SendMail(t.Context(), verification(state.UserID, request)); err != nil {
		t.Fatal(err)
	}
	if len(b.mails) != 0 {
		t.Errorf("sent %v", b.mails)
	}
}

func TestTheTokenServiceIsToldOnce(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	for range 2 {
		if err := b.effects().TellTokenService(t.Context(), state.UserID); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.told) != 1 {
		t.Errorf("it was told %v", b.told)
	}
}

func TestTheReaperGoesOnAfterAFailure(t *testing.T) {
	b := newBench(t)
	b.fails = func(stream string) error {
		if strings.HasPrefix(stream, "account-") {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	_, err := b.service.Register(t.Context(), commands.Request{CommandID: uuid.New()}, commands.Registration{EmailNormal: "slow@example.org"})
	if err == nil {
		t.Fatal("the sign-up was not cut")
	}
	b.fails = func(stream string) error {
		if stream == account.StreamOf(domain.ID{9}) {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	claimed := eventstore.Draft{ID: uuid.New(), Event: email.EmailClaimed{Owner: domain.ID{9}}}
	if _, _, err := b.log.Append(t.Context(), email.StreamOf("x"), eventstore.NoStream, []eventstore.Draft{claimed}); err != nil {
		t.Fatal(err)
	}
	released, err := sagas.NewReaper(b.service, b, time.Minute, time.Now).ReapClaims(t.Context())
	if released != 1 || !errors.Is(err, commands.ErrUnavailable) {
		t.Errorf("released %d, %v", released, err)
	}
}

// OrphanClaims finds every claim, after one whose account cannot be reached.
func (b *bench) OrphanClaims(ctx context.Context, _ time.Time, _ int) ([]sagas.OrphanClaim, error) {
	claims := []sagas.OrphanClaim{{Key: "x", Owner: domain.ID{9}}}
	history, err := b.log.Load(ctx, "email-slow@example.org", 0)
	for _, e := range history {
		if claimed, ok := e.Event.(email.EmailClaimed); ok {
			claims = append(claims, sagas.OrphanClaim{Key: "slow@example.org", Owner: claimed.Owner})
		}
	}
	return claims, err
}

func (b *bench) Load(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error) {
	return b.log.Load(ctx, stream, from)
}

func (b *bench) Append(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft) (eventstore.Appended, []eventstore.Envelope, error) {
	if b.fails != nil {
		if err := b.fails(stream); err != nil {
			return eventstore.Appended{}, nil, err
		}
	}
	return b.log.Append(ctx, stream, expected, drafts)
}

func (b *bench) ApplyInline(context.Context, string, []eventstore.Envelope, func(context.Context, uint64) ([]eventstore.Envelope, error)) error {
	return nil
}

func (b *bench) Announce(string) func() { return func() {} }

func (b *bench) ApplyAllInline(context.Context, []eventstore.Envelope, func(context.Context, string, uint64) ([]eventstore.Envelope, error)) error {
	return nil
}

func (b *bench) InsertOnboardingTx(_ context.Context, _ pgx.Tx, effects ...jobs.Effect) error {
	b.queued = append(b.queued, effects...)
	return nil
}

func (b *bench) InsertCrowdTx(ctx context.Context, tx pgx.Tx, effects ...jobs.Effect) error {
	return b.InsertOnboardingTx(ctx, tx, effects...)
}

func (b *bench) InsertMailsTx(_ context.Context, _ pgx.Tx, mails ...jobs.Mail) error {
	b.wanted = append(b.wanted, mails...)
	return nil
}

func (b *bench) InsertRevocationsTx(_ context.Context, _ pgx.Tx, revocations ...jobs.Revocation) error {
	b.revoked = append(b.revoked, revocations...)
	return nil
}

func (b *bench) Destroy(_ context.Context, subject domain.ID) error {
	b.keys = append(b.keys, subject)
	return nil
}

func (b *bench) Send(_ context.Context, m sagas.Mail) error {
	if b.mailErr == nil {
		b.mails = append(b.mails, m)
	}
	return b.mailErr
}

func (b *bench) TokensRevoked(_ context.Context, _, user domain.ID, _ string) error {
	b.told = append(b.told, user)
	return nil
}

func (b *bench) UserCreated(_ context.Context, _, user domain.ID) error {
	b.told = append(b.told, user)
	return nil
}

func (b *bench) Check(string, ...string) error                              { return nil }
func (b *bench) Hash(context.Context, string) (string, error)               { return "hash", nil }
func (b *bench) Decoy(context.Context, string) error                        { return nil }
func (b *bench) Verify(context.Context, string, string) (bool, bool, error) { return true, false, nil }
