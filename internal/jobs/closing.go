package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"am-user-management/domain"
)

// Closing ends what an account leaves behind. Each method may be called again.
type Closing interface {
	// ReleaseClaim frees an address that the account does not have any more.
	ReleaseClaim(ctx context.Context, user domain.ID, claim string) error
	// Erase carries out an erasure that was requested.
	Erase(ctx context.Context, user domain.ID) error
	// SweepErased removes what was written about an erased user by whoever did not know yet.
	SweepErased(ctx context.Context, user domain.ID) error
}

// Ending is one thing to end.
type Ending struct {
	Kind EndingKind
	User domain.ID
	// Claim is the key of the claim to release.
	Claim string
	// Event is the event of the account that leads to it.
	Event domain.ID
	// At is when to begin; zero is at once.
	At time.Time
}

// EndingKind says what is to be done.
type EndingKind int

// The kinds.
const (
	ReleaseClaim EndingKind = iota + 1
	EraseUser
	SweepErased
)

// releaseClaim asks to free an address.
type releaseClaim struct {
	UserID  domain.ID `json:"user_id"`
	Claim   string    `json:"claim"`
	EventID domain.ID `json:"event_id"`
}

// Kind never changes.
func (releaseClaim) Kind() string { return "release_claim" }

// InsertOpts makes the same release one job.
func (releaseClaim) InsertOpts() river.InsertOpts { return once(innerQueue) }

// eraseUser asks to carry out an erasure.
type eraseUser struct {
	UserID domain.ID `json:"user_id"`
}

// Kind never changes.
func (eraseUser) Kind() string { return "erase_user" }

// InsertOpts makes the same erasure one job.
func (eraseUser) InsertOpts() river.InsertOpts { return once(innerQueue) }

// sweepErased asks to look after an erasure once more.
type sweepErased struct {
	UserID domain.ID `json:"user_id"`
}

// Kind never changes.
func (sweepErased) Kind() string { return "sweep_erased" }

// InsertOpts makes the same sweep one job.
func (sweepErased) InsertOpts() river.InsertOpts { return once(innerQueue) }

// InsertEndingsTx inserts a job for each ending; they start when tx commits, or at their time. An ending that has a job
// already gets no second one.
func (q *Queue) InsertEndingsTx(ctx context.Context, tx pgx.Tx, endings ...Ending) error {
	if len(endings) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, 0, len(endings))
	seen := make(map[Ending]bool, len(endings)) // one statement cannot meet the same job twice
	for _, ending := range endings {
		if seen[ending] {
			continue
		}
		seen[ending] = true
		args, err := ending.args()
		if err != nil {
			return err
		}
		param := river.InsertManyParams{Args: args}
		if !ending.At.IsZero() {
			param.InsertOpts = &river.InsertOpts{ScheduledAt: ending.At}
		}
		params = append(params, param)
	}
	_, err := q.client.InsertManyTx(ctx, tx, params)
	return err
}

func (e Ending) args() (river.JobArgs, error) {
	switch e.Kind {
	case ReleaseClaim:
		return releaseClaim{UserID: e.User, Claim: e.Claim, EventID: e.Event}, nil
	case EraseUser:
		return eraseUser{UserID: e.User}, nil
	case SweepErased:
		return sweepErased{UserID: e.User}, nil
	default:
		return nil, fmt.Errorf("there is no job for ending %d", e.Kind)
	}
}

// addClosing adds the workers of these jobs.
func addClosing(workers *river.Workers, closing Closing) []error {
	return []error{
		river.AddWorkerSafely(workers, &worker[releaseClaim]{
			timeout: effectTimeout,
			work: func(ctx context.Context, args releaseClaim) error {
				return closing.ReleaseClaim(ctx, args.UserID, args.Claim)
			},
		}),
		river.AddWorkerSafely(workers, &worker[eraseUser]{
			timeout: effectTimeout,
			work:    func(ctx context.Context, args eraseUser) error { return closing.Erase(ctx, args.UserID) },
		}),
		river.AddWorkerSafely(workers, &worker[sweepErased]{
			timeout: effectTimeout,
			work:    func(ctx context.Context, args sweepErased) error { return closing.SweepErased(ctx, args.UserID) },
		}),
	}
}
