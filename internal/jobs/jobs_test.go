package jobs_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/domain/onboarding"
	"am-user-management/internal/jobs"
	"am-user-management/internal/pgtest"
)

var ada, request = domain.ID{15: 1}, domain.ID{15: 2}

var mail = jobs.Effect{User: ada, Step: onboarding.Mail, Request: request}

// ports is a fake of everything that jobs do: it answers with fail and tells of every call.
type ports struct {
	calls chan string

	mu   sync.Mutex
	fail func(ctx context.Context, call string, nth int) error
	nth  map[string]int
}

func newPorts(fail func(ctx context.Context, call string, nth int) error) *ports {
	return &ports{calls: make(chan string, 1000), fail: fail, nth: map[string]int{}}
}

func (p *ports) called(ctx context.Context, call string) error {
	p.mu.Lock()
	p.nth[call]++
	nth := p.nth[call]
	p.mu.Unlock()
	p.calls <- call
	if p.fail == nil {
		return nil
	}
	return p.fail(ctx, call, nth)
}

func (p *ports) SendMail(ctx context.Context, m jobs.Mail) error {
	return p.called(ctx, fmt.Sprint("mail ", m.Template, " ", m.User, " ", m.Ref))
}

func (p *ports) RevokeTokens(ctx context.Context, r jobs.Revocation) error {
	return p.called(ctx, fmt.Sprint("revoke ", r.User, " ", r.Event, " ", r.Reason))
}

func (p *ports) TellTokenService(ctx context.Context, user domain.ID) error {
	return p.called(ctx, fmt.Sprint("token ", user))
}

func (p *ports) RunStep(ctx context.Context, user domain.ID, step onboarding.Step) error {
	return p.called(ctx, fmt.Sprint(step, " ", user))
}

func (p *ports) ReleaseClaim(ctx context.Context, user domain.ID, claim string) error {
	return p.called(ctx, fmt.Sprint("release ", claim, " of ", user))
}

func (p *ports) Erase(ctx context.Context, user domain.ID) error {
	return p.called(ctx, fmt.Sprint("erase ", user))
}

func (p *ports) SweepErased(ctx context.Context, user domain.ID) error {
	return p.called(ctx, fmt.Sprint("sweep ", user))
}

func (p *ports) SettleSubscriptions(ctx context.Context) (int, error) {
	return 0, p.called(ctx, "settle")
}

func (p *ports) ReapClaims(ctx context.Context) (int, error) { return 0, p.called(ctx, "reap") }

// next is the next call that is not the reaper's, which runs by itself.
func (p *ports) next(t testing.TB) string {
	t.Helper()
	for {
		select {
		case call := <-p.calls:
			if call != "reap" {
				return call
			}
		case <-time.After(30 * time.Second):
			t.Fatal("no job was worked on")
		}
	}
}

// until returns when the only effect's job is in that state; it is asked again at each call of the database.
func until(t *testing.T, client *jobs.Client, state jobs.State) jobs.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		all, err := client.List(ctx, 0, state)
		if err != nil {
			t.Fatalf("no job became %s: %v", state, err)
		}
		for _, job := range all {
			if job.UserID == ada {
				return job
			}
		}
	}
}

// attempts is how often a job is tried in these tests.
const attempts = 3

func database(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.New(t)
	if err := jobs.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

func start(t testing.TB, pool *pgxpool.Pool, p *ports) *jobs.Client {
	t.Helper()
	return startWith(t, pool, jobs.Ports{Effects: p, Steps: p, Reaper: p, Closing: p})
}

func startWith(t testing.TB, pool *pgxpool.Pool, ports jobs.Ports) *jobs.Client {
	t.Helper()
	client, err := jobs.New(pool, ports, jobs.Options{
		Now: time.Now, Attempts: attempts, Backoff: func(int) time.Duration { return time.Millisecond },
		SettleEvery: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := client.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return client
}

func insert(t testing.TB, pool *pgxpool.Pool, queue *jobs.Queue, effects ...jobs.Effect) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(queue.InsertOnboardingTx(t.Context(), tx, effects...), tx.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestEveryEffectReachesItsPort(t *testing.T) {
	pool, p := database(t), newPorts(nil)
	client := start(t, pool, p)
	insert(t, pool, client.Queue, mail,
		jobs.Effect{User: ada, Step: onboarding.Token},
		jobs.Effect{User: ada, Step: onboarding.Trial, Failure: "the store was away"},
		jobs.Effect{User: ada, Step: onboarding.Profile}, jobs.Effect{User: ada, Step: onboarding.Role})
	want := map[string]bool{
		"mail verify_email " + ada.String() + " " + request.String(): true, "token " + ada.String(): true,
		"trial " + ada.String(): true, "profile " + ada.String(): true, "role " + ada.String(): true,
	}
	for range 5 {
		call := p.next(t)
		if !want[call] {
			t.Errorf("unexpected call, or the second one: %s", call)
		}
		delete(want, call)
	}
}

func TestRolledBackInsertLeavesNoJob(t *testing.T) {
	pool := database(t)
	queue, err := jobs.NewQueue(pool)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(queue.InsertOnboardingTx(t.Context(), tx, mail), tx.Rollback(t.Context())); err != nil {
		t.Fatal(err)
	}
	if all, err := queue.List(t.Context(), 0); err != nil || len(all) != 0 {
		t.Errorf("List = %v, %v", all, err)
	}
}

func TestSameEffectIsOneJob(t *testing.T) {
	pool, p := database(t), newPorts(nil)
	client := start(t, pool, p)
	again := jobs.Effect{User: ada, Step: onboarding.Mail, Request: domain.ID{15: 3}}
	insert(t, pool, client.Queue, mail, mail)
	p.next(t)
	until(t, client, jobs.Completed)
	insert(t, pool, client.Queue, mail, again) // after completion, too
	if call := p.next(t); !strings.HasSuffix(call, again.Request.String()) {
		t.Errorf("worked on %s, want the new request only", call)
	}
	all, err := client.List(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	mails := 0
	for _, job := range all {
		if job.Kind == "send_mail" {
			mails++
		}
	}
	if mails != 2 {
		t.Errorf("%d jobs for two mails: %v", mails, all)
	}
}

func TestFailingJobIsRetriedAndShowsWhy(t *testing.T) {
	pool := database(t)
	p := newPorts(func(_ context.Context, _ string, nth int) error {
		if nth <= 2 {
			return fmt.Errorf("try %d failed", nth)
		}
		return nil
	})
	client := start(t, pool, p)
	insert(t, pool, client.Queue, mail)
	for range 3 {
		p.next(t)
	}
	if job := until(t, client, jobs.Completed); job.Attempt != 3 || job.LastError != "try 2 failed" || job.Step != onboarding.Mail {
		t.Errorf("job = %+v", job)
	}
}

func TestJobThatKeepsFailingIsKeptAndCanBeRetried(t *testing.T) {
	pool := database(t)
	p := newPorts(func(_ context.Context, call string, nth int) error {
		if call != "reap" && nth <= attempts {
			return errors.New("still down")
		}
		return nil
	})
	client := start(t, pool, p)
	insert(t, pool, client.Queue, mail)
	job := until(t, client, jobs.Discarded)
	if job.Attempt != attempts || job.LastError != "still down" || job.FinalizedAt.IsZero() {
		t.Errorf("job = %+v", job)
	}
	insert(t, pool, client.Queue, mail) // redelivery must not go round the dead job
	all, err := client.List(t.Context(), 0, jobs.Available, jobs.Running, jobs.Retryable)
	if err != nil || slices.ContainsFunc(all, func(other jobs.Job) bool { return other.Kind == job.Kind }) { // the reaper may run
		t.Errorf("List = %v, %v", all, err)
	}
	if _, err := client.Retry(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	if done := until(t, client, jobs.Completed); done.ID != job.ID {
		t.Errorf("done %+v, want job %d", done, job.ID)
	}
	if _, err := client.Retry(t.Context(), 1<<40); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("Retry = %v, want ErrNotFound", err)
	}
}

// permanentError is an effect's error that says of itself that trying again is pointless.
type permanentError struct{}

func (permanentError) Error() string   { return "refused with 550" }
func (permanentError) Permanent() bool { return true }

func TestPointlessJobIsCancelledWithItsReason(t *testing.T) {
	rule := &domain.Error{Kind: domain.NotFound, Code: "account.not-found", Title: "There is no such account."}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"permanent effect":      {fmt.Errorf("mail: %w", permanentError{}), "550"},
		"rule that forbids it":  {fmt.Errorf("step: %w", rule), "account.not-found"},
		"permanent among other": {errors.Join(errors.New("x"), permanentError{}), "550"},
	} {
		t.Run(name, func(t *testing.T) {
			pool, p := database(t), newPorts(func(context.Context, string, int) error { return test.err })
			client := start(t, pool, p)
			insert(t, pool, client.Queue, mail)
			if job := until(t, client, jobs.Cancelled); job.Attempt != 1 || !strings.Contains(job.LastError, test.want) {
				t.Errorf("job = %+v", job)
			}
		})
	}
}

func TestStopLetsRunningJobsFinish(t *testing.T) {
	pool, release := database(t), make(chan struct{})
	p := newPorts(func(ctx context.Context, call string, _ int) error {
		if call == "reap" {
			return nil
		}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	client := start(t, pool, p)
	insert(t, pool, client.Queue, mail)
	p.next(t)
	stopped := make(chan error, 1)
	go func() { stopped <- client.Stop(t.Context()) }()
	close(release)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	until(t, client, jobs.Completed)
}

func TestStopEndsInTime(t *testing.T) {
	pool := database(t)
	p := newPorts(func(ctx context.Context, call string, _ int) error {
		if call != "reap" {
			<-ctx.Done() // a job that would take for ever
		}
		return ctx.Err()
	})
	client := start(t, pool, p)
	insert(t, pool, client.Queue, mail)
	p.next(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := client.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	all, err := client.List(t.Context(), 0, jobs.Available, jobs.Retryable)
	if err != nil || len(all) == 0 {
		t.Errorf("the job that was cut off must be tried again: %v, %v", all, err)
	}
}

func TestReaperRunsByItself(t *testing.T) {
	pool, p := database(t), newPorts(nil)
	start(t, pool, p)
	select {
	case call := <-p.calls:
		if call != "reap" {
			t.Errorf("call = %s", call)
		}
	case <-time.After(60 * time.Second):
		t.Error("the reaper never ran")
	}
}

// The timer's runs are many; done, they go away.
func TestTimerRunsAgainAndAgainAndLeavesNoTrail(t *testing.T) {
	pool, p := database(t), newPorts(nil)
	client := startWith(t, pool, jobs.Ports{Effects: p, Steps: p, Reaper: p, Closing: p, Subscriptions: p})
	const runs = 8
	for range runs {
		if call := p.next(t); call != "settle" {
			t.Fatalf("call = %s", call)
		}
	}
	if left := kept(t, client, "settle_subscriptions"); left >= runs/2 {
		t.Errorf("%d jobs are left of %d runs", left, runs)
	}
}

func TestWithoutSubscriptionsThereIsNoTimer(t *testing.T) {
	pool, p := database(t), newPorts(nil)
	client := start(t, pool, p)
	if call := <-p.calls; call != "reap" { // which came by itself, as the timer would have
		t.Errorf("call = %s", call)
	}
	if left := kept(t, client, "settle_subscriptions"); left != 0 {
		t.Errorf("%d jobs of the timer", left)
	}
}

func kept(t *testing.T, client *jobs.Client, kind string) int {
	t.Helper()
	all, err := client.List(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, job := range all {
		if job.Kind == kind {
			count++
		}
	}
	return count
}

func TestMigrateTwiceAtOnce(t *testing.T) {
	pool := pgtest.New(t)
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if err := jobs.Migrate(t.Context(), pool); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

func TestBackoffGrowsToAnHour(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 7: 64 * time.Second, 12: time.Hour, 25: time.Hour, 1000: time.Hour} {
		for range 100 {
			if got := jobs.Backoff(attempt); got < want*8/10 || got > want*12/10 {
				t.Fatalf("Backoff(%d) = %v, want about %v", attempt, got, want)
			}
		}
	}
}

// BenchmarkIdle is the time from the begin of an insert to the begin of its work, nothing else going on.
func BenchmarkIdle(b *testing.B) {
	pool, p := database(b), newPorts(nil)
	client := start(b, pool, p)
	n := uint16(0)
	for b.Loop() {
		n++
		insert(b, pool, client.Queue, jobs.Effect{User: ada, Step: onboarding.Mail, Request: domain.ID{byte(n >> 8), byte(n)}})
		p.next(b)
	}
}

// BenchmarkInsert is the insert of one batch of a saga: 500 users with two effects each.
func BenchmarkInsert(b *testing.B) {
	pool := database(b)
	queue, err := jobs.NewQueue(pool)
	if err != nil {
		b.Fatal(err)
	}
	n := uint32(0)
	for b.Loop() {
		var effects []jobs.Effect
		for range 500 {
			n++
			user := domain.ID(binary.BigEndian.AppendUint32(make([]byte, 12), n))
			effects = append(effects, jobs.Effect{User: user, Step: onboarding.Mail, Request: user}, jobs.Effect{User: user, Step: onboarding.Token})
		}
		insert(b, pool, queue, effects...)
	}
}

func TestUnknownStepIsAnError(t *testing.T) {
	queue, err := jobs.NewQueue(database(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := queue.InsertOnboardingTx(t.Context(), nil, jobs.Effect{User: ada, Step: "unknown"}); err == nil {
		t.Error("a step that nobody works on must not be queued")
	}
}
