package jobs_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/domain/onboarding"
	"am-user-management/internal/jobs"
)

// many returns an effect of the token step for each of so many users.
func many(count int) []jobs.Effect {
	effects := make([]jobs.Effect, count)
	for i := range effects {
		effects[i] = jobs.Effect{User: domain.ID{0: 1}, Step: onboarding.Token}
		binary.BigEndian.PutUint32(effects[i].User[12:], uint32(i))
	}
	return effects
}

func insertCrowd(t *testing.T, pool *pgxpool.Pool, client *jobs.Client, effects []jobs.Effect) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(client.InsertCrowdTx(t.Context(), tx, effects...), tx.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestACrowdIsToldOfByFewJobs(t *testing.T) {
	pool, effects := database(t), many(120)
	unlucky := effects[7].User
	p := newPorts(func(_ context.Context, call string, nth int) error {
		if call == "token "+unlucky.String() && nth == 1 {
			return errors.New("the token service was away")
		}
		return nil
	})
	client := start(t, pool, p)
	insertCrowd(t, pool, client, append(effects, mail, jobs.Effect{User: ada, Step: onboarding.Trial, Failure: "the store was away"}))
	told := map[string]int{}
	for range 120 + 1 + 2 { // one is told of twice, and two are not the token service's
		told[p.next(t)]++
	}
	for _, effect := range effects {
		want := 1
		if effect.User == unlucky {
			want = 2
		}
		if got := told["token "+effect.User.String()]; got != want {
			t.Errorf("%s was told of %d times, want %d", effect.User, got, want)
		}
	}
	if told["trial "+ada.String()] != 1 || told["mail verify_email "+ada.String()+" "+request.String()] != 1 {
		t.Errorf("the other effects got lost: %v", told)
	}
	all, err := client.List(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	own := slices.IndexFunc(all, func(job jobs.Job) bool { return job.UserID == unlucky })
	if own < 0 || all[own].Kind != "notify_token_service" {
		t.Errorf("the one that failed has no job of its own: %v", all)
	}
	if len(all) > 3+1+2+1 { // the crowd's, the failed one's, the two others, and the reaper's
		t.Errorf("%d jobs for a crowd", len(all))
	}
}

func TestAFewAreNoCrowd(t *testing.T) {
	pool := database(t)
	client := start(t, pool, newPorts(nil))
	insertCrowd(t, pool, client, many(3))
	all, err := client.List(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	each := 0
	for _, job := range all {
		if job.Kind == "notify_token_service" {
			each++
		}
	}
	if each != 3 {
		t.Errorf("%d jobs for three users: %v", each, all)
	}
}
