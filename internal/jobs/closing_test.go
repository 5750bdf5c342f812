package jobs_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/internal/jobs"
)

func end(t testing.TB, pool *pgxpool.Pool, queue *jobs.Queue, endings ...jobs.Ending) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(queue.InsertEndingsTx(t.Context(), tx, endings...), tx.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestEveryEndingReachesItsPortOnce(t *testing.T) {
	pool, p := database(t), newPorts(nil)
	client := start(t, pool, p)
	endings := []jobs.Ending{
		{Kind: jobs.ReleaseClaim, User: ada, Claim: "c1", Event: domain.ID{1}},
		{Kind: jobs.ReleaseClaim, User: ada, Claim: "c1", Event: domain.ID{2}}, // the same address, given up again
		{Kind: jobs.EraseUser, User: ada, Event: domain.ID{3}},
		{Kind: jobs.SweepErased, User: ada, Event: domain.ID{4}},
	}
	for range 2 { // as after a crash before the checkpoint
		end(t, pool, client.Queue, append(endings, endings...)...)
	}
	want := map[string]int{"release c1 of " + ada.String(): 2, "erase " + ada.String(): 1, "sweep " + ada.String(): 1}
	for range 4 {
		want[p.next(t)]--
	}
	for call, left := range want {
		if left != 0 {
			t.Errorf("%s: %d calls are missing", call, left)
		}
	}
	all, err := client.List(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, job := range all {
		kinds[job.Kind]++
	}
	if kinds["release_claim"] != 2 || kinds["erase_user"] != 1 || kinds["sweep_erased"] != 1 {
		t.Errorf("jobs %v", kinds)
	}
}

func TestAnEndingWaitsForItsTime(t *testing.T) {
	pool := database(t)
	queue, err := jobs.NewQueue(pool)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour).Truncate(time.Second)
	end(t, pool, queue, jobs.Ending{Kind: jobs.SweepErased, User: ada, At: later})
	all, err := queue.List(t.Context(), 0)
	if err != nil || len(all) != 1 || all[0].State != jobs.Scheduled || !all[0].ScheduledAt.Equal(later) {
		t.Errorf("%+v, %v", all, err)
	}
}
