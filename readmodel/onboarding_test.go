package readmodel_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"am-user-management/domain/account"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/profile"
	"am-user-management/domain/subscription"
	"am-user-management/internal/projtest"
	"am-user-management/readmodel"
)

func TestOnboardingShowsStepsWithTheTriesOfTheirJobs(t *testing.T) {
	t.Parallel()
	log := &projtest.Log{}
	log.Append(account.StreamOf(ann), signedUp(ann),
		account.EmailVerificationRequested{UserID: ann, RequestID: visit, ExpiresAt: after(time.Hour), RequestedAt: noon})
	log.Append(subscription.StreamOf(ann), subscription.TrialStarted{UserID: ann, PlanID: "basic", StartedAt: after(time.Second), EndsAt: after(time.Hour)})
	log.Append(profile.StreamOf(ann), profile.ProfileCreated{UserID: ann, CreatedAt: after(2 * time.Second)})
	log.Append(account.StreamOf(ben), signedUp(ben))
	log.Append(onboarding.StreamOf(ben), onboarding.StepDone{UserID: ben, Step: onboarding.Token, At: noon})
	reader, pool := reading(t, log)
	queue(t, pool)
	addJob(t, pool, "profile", "completed", 2, "")
	addJob(t, pool, "mail", "discarded", 25, "an older job")
	addJob(t, pool, "mail", "retryable", 3, "connection refused\nstack")
	addJob(t, pool, "token", "discarded", 25, "no route")

	at := func(d time.Duration) *time.Time { when := after(d); return &when }
	for user, want := range map[uuid.UUID][]readmodel.Step{
		idOf(ann): {
			{Name: "trial", Status: "done", Attempts: 1, DoneAt: at(time.Second)},
			{Name: "profile", Status: "done", Attempts: 2, DoneAt: at(2 * time.Second)},
			{Name: "role", Status: "pending"},
			{Name: "mail", Status: "retrying", Attempts: 3, LastError: "connection refused"},
			{Name: "token", Status: "failed", Attempts: 25, LastError: "no route"},
		},
		idOf(ben): {
			{Name: "trial", Status: "pending"},
			{Name: "profile", Status: "pending"},
			{Name: "role", Status: "pending"},
			{Name: "token", Status: "done", Attempts: 1, DoneAt: at(0)},
		},
	} {
		got, err := reader.Onboarding(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Steps); diff != "" {
			t.Errorf("%s (-want +got):\n%s", user, diff)
		}
	}
	if _, err := reader.Onboarding(t.Context(), idOf(visit)); !errors.Is(err, readmodel.ErrNotFound) {
		t.Errorf("nobody's onboarding: got %v, want ErrNotFound", err)
	}
}

func queue(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
}

// addJob adds a job of Ann's as the queue would keep it.
func addJob(t *testing.T, pool *pgxpool.Pool, step, state string, attempt int, failure string) {
	t.Helper()
	args, err := json.Marshal(map[string]string{"user_id": ann.String(), "step": step})
	if err != nil {
		t.Fatal(err)
	}
	failures := []json.RawMessage{}
	if failure != "" {
		text, err := json.Marshal(map[string]any{"at": noon, "attempt": attempt, "error": failure, "trace": ""})
		if err != nil {
			t.Fatal(err)
		}
		failures = append(failures, json.RawMessage(`{"error": "the first"}`), text)
	}
	finalised := &noon
	if state == "retryable" {
		finalised = nil
	}
	if _, err := pool.Exec(context.WithoutCancel(t.Context()), `
		INSERT INTO river_job (state, attempt, max_attempts, kind, args, errors, finalized_at)
		VALUES ($1, $2, 25, 'onboarding', $3, $4, $5)`, state, attempt, args, failures, finalised); err != nil {
		t.Fatal(err)
	}
}
