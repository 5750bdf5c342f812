package sagas_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/commands"
	"am-user-management/commands/sagas"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/jobs"
)

// endings keeps what is queued.
type endings []jobs.Ending

func (e *endings) InsertEndingsTx(_ context.Context, _ pgx.Tx, queued ...jobs.Ending) error {
	*e = append(*e, queued...)
	return nil
}

func TestWhatFollowsTheEndOfSomething(t *testing.T) {
	user, stored := domain.ID{1}, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	batch := []eventstore.Envelope{
		{ID: uuid.UUID{1}, Event: account.EmailChanged{UserID: user, EmailClaim: "new", PreviousEmailClaim: "old"}},
		{ID: uuid.UUID{2}, Event: account.UserCreated{UserID: user}},
		{ID: uuid.UUID{3}, Event: account.AccountErasureRequested{UserID: user}},
		{ID: uuid.UUID{4}, Event: account.AccountErased{UserID: user}, Created: stored},
	}
	var queued endings
	saga := sagas.NewClosing(&queued)
	for i, want := range []bool{true, false, true, true} {
		if got := saga.Handles(batch[i].Event.EventType()); got != want {
			t.Errorf("%s: %v", batch[i].Event.EventType(), got)
		}
	}
	if err := saga.Apply(t.Context(), nil, batch); err != nil {
		t.Fatal(err)
	}
	want := []jobs.Ending{
		{Kind: jobs.ReleaseClaim, User: user, Claim: "old", Event: domain.ID{1}},
		{Kind: jobs.EraseUser, User: user, Event: domain.ID{3}},
		{Kind: jobs.SweepErased, User: user, Event: domain.ID{4}, At: stored.Add(2 * time.Minute)},
	}
	if len(queued) != len(want) {
		t.Fatalf("queued %v", queued)
	}
	for i := range want {
		if queued[i] != want[i] {
			t.Errorf("queued %v, want %v", queued[i], want[i])
		}
	}
}

// shredder notes what it is asked for, and refuses when told to.
type shredder struct {
	did  []string
	fail error
}

func (s *shredder) DestroyKeys(_ context.Context, subjects ...domain.ID) error {
	for _, subject := range subjects {
		s.did = append(s.did, "key "+subject.String())
	}
	return s.fail
}

func (s *shredder) RedactRows(context.Context, domain.ID, func(context.Context, string) ([]eventstore.Envelope, error)) error {
	s.did = append(s.did, "rows")
	return s.fail
}

func TestNothingIsErasedThatNobodyAskedFor(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	shred := &shredder{}
	if err := sagas.NewCloser(b.service, shred).Erase(t.Context(), state.UserID); !errors.Is(err, account.ErrNotFound) || len(shred.did) != 0 {
		t.Errorf("got %v, did %v", err, shred.did)
	}
}

// An erasure destroys the key of every password that the user ever had, too, and is over only when all is done.
func TestAnErasureEndsWhenEverythingIsDone(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	second := domain.ID{7}
	b.stands(account.PasswordChanged{UserID: state.UserID, CredentialID: second, PasswordHash: domain.NewSecret("h"), PreviousCredentialID: state.CredentialID})
	if _, err := b.service.EraseUser(t.Context(), commands.Request{CommandID: uuid.New()}, []string{"*:*"}, state.UserID); err != nil {
		t.Fatal(err)
	}
	shred := &shredder{fail: eventstore.ErrUnavailable}
	closer := sagas.NewCloser(b.service, shred)
	if err := closer.Erase(t.Context(), state.UserID); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	if _, err := b.service.Account(t.Context(), state.UserID); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	shred.did, shred.fail = nil, nil
	if err := closer.Erase(t.Context(), state.UserID); err != nil {
		t.Fatal(err)
	}
	want := []string{"key " + state.UserID.String(), "key " + state.CredentialID.String(), "key " + second.String(), "rows"}
	for i := range want {
		if len(shred.did) != len(want) || shred.did[i] != want[i] {
			t.Fatalf("did %v, want %v", shred.did, want)
		}
	}
	if _, err := b.service.Account(t.Context(), state.UserID); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("after the erasure: %v", err)
	}
	for _, template := range []sagas.Template{sagas.VerifyEmail, sagas.PasswordChanged} {
		for _, ref := range append(requestsOf(state), state.UserID) {
			if err := b.effects().SendMail(t.Context(), jobs.Mail{User: state.UserID, Template: string(template), Ref: ref}); err != nil {
				t.Errorf("%s: %v", template, err)
			}
		}
	}
	if len(b.mails) != 0 {
		t.Errorf("the erased were written to: %v", b.mails)
	}
	if err := closer.SweepErased(t.Context(), state.UserID); err != nil || shred.did[len(shred.did)-1] != "rows" {
		t.Errorf("the sweep: %v, did %v", err, shred.did)
	}
}

func requestsOf(state account.State) (ids []domain.ID) {
	for _, request := range state.Requests {
		ids = append(ids, request.ID)
	}
	return ids
}

// stands adds an event to an account.
func (b *bench) stands(event account.PasswordChanged) {
	b.t.Helper()
	stream := account.StreamOf(event.UserID)
	history, err := b.log.Load(b.t.Context(), stream, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	draft := eventstore.Draft{ID: uuid.New(), Event: event}
	if _, _, err := b.log.Append(b.t.Context(), stream, eventstore.Expected(len(history)-1), []eventstore.Draft{draft}); err != nil {
		b.t.Fatal(err)
	}
}
