// Package jobs is the queue of everything that leaves the process or waits for its time. A job is inserted in the
// transaction that moves a saga's checkpoint, so it exists exactly once; it is worked on at least once, and what it
// does must bear that. A job that keeps failing stays visible and can be started again. The queue is River, in Postgres;
// no other package knows that. The package imports domain, River and pgx; what jobs do is handed to it as ports.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"am-user-management/domain"
	"am-user-management/domain/onboarding"
)

// ErrNotFound: there is no job of that id.
var ErrNotFound = errors.New("there is no such job")

// Migrate brings the queue's tables up to date. Running it twice, or at once in two processes, does no harm.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet(nil)})
	if err != nil {
		return err
	}
	// The lock is held by a connection of its own: River commits after every version, as it must, and a pool may be
	// as small as one connection.
	guard, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer guard.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was locked is unlocked either way
	if _, err := guard.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("the job queue's tables: %w", err)
	}
	return nil
}

// migrationLock keeps two processes from migrating at once.
const migrationLock = 0x616d2d6a6f6273

// Queue inserts, lists and retries jobs without working on any. It is safe for concurrent use.
type Queue struct{ client *river.Client[pgx.Tx] }

// NewQueue makes a queue for programs that work on no jobs.
func NewQueue(pool *pgxpool.Pool) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet(nil), MaxAttempts: defaultAttempts})
	if err != nil {
		return nil, err
	}
	return &Queue{client: client}, nil
}

// Effect is one step of somebody's onboarding that a job has to do.
type Effect struct {
	User domain.ID
	Step onboarding.Step
	// Request is the verification request that a mail is about, zero for other steps.
	Request domain.ID
	// Failure is why the step was not done at once, "" if it was not tried. It is kept with the job.
	Failure string
}

// maxFailure is how much of a failure is kept, in bytes.
const maxFailure = 1000

// InsertOnboardingTx inserts a job for each effect, in one statement; they start when tx commits. An effect that has a
// job already gets no second one.
func (q *Queue) InsertOnboardingTx(ctx context.Context, tx pgx.Tx, effects ...Effect) error {
	if len(effects) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, 0, len(effects))
	seen := make(map[Effect]bool, len(effects)) // one statement cannot meet the same job twice
	for _, effect := range effects {
		failure := effect.Failure
		effect.Failure = ""
		if seen[effect] {
			continue
		}
		seen[effect] = true
		param, err := effect.param(failure)
		if err != nil {
			return err
		}
		params = append(params, param)
	}
	_, err := q.client.InsertManyTx(ctx, tx, params)
	return err
}

// param is the effect as River inserts it.
func (e Effect) param(failure string) (river.InsertManyParams, error) {
	args, err := e.args()
	if err != nil || failure == "" {
		return river.InsertManyParams{Args: args}, err
	}
	text := strings.ToValidUTF8(strings.ReplaceAll(failure[:min(len(failure), maxFailure)], "\x00", ""), "")
	metadata, err := json.Marshal(map[string]string{"failure": text})
	return river.InsertManyParams{Args: args, InsertOpts: &river.InsertOpts{Metadata: metadata}}, err
}

func (e Effect) args() (river.JobArgs, error) {
	switch e.Step {
	case onboarding.Mail:
		return sendMail{UserID: e.User, Step: e.Step, RequestID: e.Request, Template: verifyEmail}, nil
	case onboarding.Token:
		return notifyTokenService{UserID: e.User, Step: e.Step, Reason: "user_created"}, nil
	case onboarding.Trial, onboarding.Profile, onboarding.Role:
		return finishOnboarding{UserID: e.User, Step: e.Step}, nil
	default:
		return nil, fmt.Errorf("there is no job for step %q", e.Step)
	}
}

// State is where a job stands.
type State string

// The states. Discarded and Cancelled are dead: nobody tries again unless Retry is called.
const (
	Available State = "available" // as soon as a worker is free
	Scheduled State = "scheduled" // for the first time, later
	Retryable State = "retryable" // failed, will be tried again
	Running   State = "running"
	Completed State = "completed"
	Discarded State = "discarded" // failed too often
	Cancelled State = "cancelled" // failed for good
)

// Job is one job as operators see it.
type Job struct {
	ID          int64
	Kind        string
	UserID      domain.ID
	Step        onboarding.Step
	State       State
	Attempt     int
	MaxAttempts int
	// LastError is why the last attempt failed, "" if none did.
	LastError   string
	CreatedAt   time.Time
	ScheduledAt time.Time // of the next attempt
	FinalizedAt time.Time // zero unless it is over
}

// Dead are the states that an operator has to look at.
func Dead() []State { return []State{Discarded, Cancelled} }

// listed is how many jobs List returns at most.
const listed = 1000

// List is the jobs in those states (all states if none is given) with an id above after, oldest first, at most 1000.
func (q *Queue) List(ctx context.Context, after int64, states ...State) ([]Job, error) {
	return q.Page(ctx, after, listed, states...)
}

// Page is List of at most limit jobs.
func (q *Queue) Page(ctx context.Context, after int64, limit int, states ...State) ([]Job, error) {
	params := river.NewJobListParams().OrderBy(river.JobListOrderByID, river.SortOrderAsc).First(min(limit, listed)).
		Where("id > @after", river.NamedArgs{"after": after})
	if len(states) > 0 {
		wanted := make([]rivertype.JobState, len(states))
		for i, state := range states {
			wanted[i] = rivertype.JobState(state)
		}
		params = params.States(wanted...)
	}
	found, err := q.client.JobList(ctx, params)
	if err != nil {
		return nil, err
	}
	all := make([]Job, len(found.Jobs))
	for i, row := range found.Jobs {
		all[i] = jobOf(row)
	}
	return all, nil
}

// Retry makes a job start at once, with one more attempt if it had none left. A running job is left alone. The error
// is ErrNotFound if there is no such job.
func (q *Queue) Retry(ctx context.Context, id int64) (Job, error) {
	row, err := q.client.JobRetry(ctx, id)
	if errors.Is(err, rivertype.ErrNotFound) {
		return Job{}, ErrNotFound
	}
	if err != nil {
		return Job{}, err
	}
	return jobOf(row), nil
}

func jobOf(row *rivertype.JobRow) Job {
	job := Job{
		ID: row.ID, Kind: row.Kind, State: State(row.State), Attempt: row.Attempt, MaxAttempts: row.MaxAttempts,
		CreatedAt: row.CreatedAt, ScheduledAt: row.ScheduledAt,
	}
	var args struct {
		UserID domain.ID       `json:"user_id"`
		Step   onboarding.Step `json:"step"`
	}
	if json.Unmarshal(row.EncodedArgs, &args) == nil { // a job of another kind has neither
		job.UserID, job.Step = args.UserID, args.Step
	}
	if len(row.Errors) > 0 {
		job.LastError = row.Errors[len(row.Errors)-1].Error
	}
	if row.FinalizedAt != nil {
		job.FinalizedAt = *row.FinalizedAt
	}
	return job
}
