package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"am-user-management/domain"
	"am-user-management/domain/onboarding"
)

// Effects does what leaves the process. Each is done at least once and must know by itself what was done before.
type Effects interface {
	SendMail(ctx context.Context, m Mail) error
	TellTokenService(ctx context.Context, user domain.ID) error
	RevokeTokens(ctx context.Context, r Revocation) error
}

// Steps does an onboarding step inside this process.
type Steps interface {
	RunStep(ctx context.Context, user domain.ID, step onboarding.Step) error
}

// Reaper releases the claims of sign-ups that never finished and returns how many.
type Reaper interface {
	ReapClaims(ctx context.Context) (int, error)
}

// Subscriptions records what was due for subscriptions and returns how many it looked at.
type Subscriptions interface {
	SettleSubscriptions(ctx context.Context) (int, error)
}

// Ports is what the jobs do.
type Ports struct {
	Effects Effects
	Steps   Steps
	Reaper  Reaper
	Closing Closing
	// Subscriptions is nil where there are none: no timer runs then.
	Subscriptions Subscriptions
	// Imports may be nil where nothing is imported.
	Imports Imports
}

// worker makes a River worker of a function.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	timeout time.Duration
	retry   func() time.Time // nil is the client's policy
	work    func(ctx context.Context, args T) error
}

// Work does the job once.
func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	return final(w.work(ctx, job.Args))
}

// Timeout bounds one attempt.
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return w.timeout }

// NextRetry is when a failed attempt is followed by the next; the zero time leaves it to the client's policy.
func (w *worker[T]) NextRetry(*river.Job[T]) time.Time {
	if w.retry == nil {
		return time.Time{}
	}
	return w.retry()
}

// The bounds of one attempt.
const (
	effectTimeout = 30 * time.Second
	reapTimeout   = 50 * time.Second
	settleTimeout = 35 * time.Second
	// settleAgain is how long after a failed run the next is tried.
	settleAgain = 15 * time.Second
)

func (p Ports) workers(now func() time.Time, reapEvery time.Duration) (*river.Workers, error) {
	if p.Effects == nil || p.Steps == nil || p.Reaper == nil || p.Closing == nil {
		return nil, errors.New("every port of the jobs must be given")
	}
	workers := river.NewWorkers()
	err := errors.Join(
		river.AddWorkerSafely(workers, &worker[sendMail]{
			timeout: effectTimeout,
			work: func(ctx context.Context, args sendMail) error {
				return p.Effects.SendMail(ctx, Mail{User: args.UserID, Template: args.Template, Ref: args.RequestID})
			},
		}),
		river.AddWorkerSafely(workers, &worker[revokeTokens]{
			timeout: effectTimeout,
			work: func(ctx context.Context, args revokeTokens) error {
				return p.Effects.RevokeTokens(ctx, Revocation{User: args.UserID, Event: args.EventID, Reason: args.Reason})
			},
		}),
		river.AddWorkerSafely(workers, &worker[notifyTokenService]{
			timeout: effectTimeout,
			work: func(ctx context.Context, args notifyTokenService) error {
				return p.Effects.TellTokenService(ctx, args.UserID)
			},
		}),
		river.AddWorkerSafely(workers, &worker[notifyTokenServiceOfMany]{
			timeout: effectTimeout,
			work: func(ctx context.Context, args notifyTokenServiceOfMany) error {
				return tellOfMany(ctx, p.Effects, args.UserIDs)
			},
		}),
		river.AddWorkerSafely(workers, &worker[finishOnboarding]{
			timeout: effectTimeout,
			work: func(ctx context.Context, args finishOnboarding) error {
				return p.Steps.RunStep(ctx, args.UserID, args.Step)
			},
		}),
		river.AddWorkerSafely(workers, &worker[reapEmailClaims]{
			timeout: reapTimeout,
			retry:   func() time.Time { return now().Add(reapEvery) },
			work: func(ctx context.Context, _ reapEmailClaims) error {
				_, err := p.Reaper.ReapClaims(ctx)
				return err
			},
		}),
		river.AddWorkerSafely(workers, &worker[settleSubscriptions]{
			timeout: settleTimeout,
			retry:   func() time.Time { return now().Add(settleAgain) },
			work:    p.settleSubscriptions,
		}),
	)
	if p.Imports != nil {
		err = errors.Join(err, river.AddWorkerSafely(workers, &importWorker{imports: p.Imports, now: now}))
	}
	return workers, errors.Join(append(addClosing(workers, p.Closing), err)...)
}

func (p Ports) settleSubscriptions(ctx context.Context, _ settleSubscriptions) error {
	if p.Subscriptions == nil { // a run that was left by a process which had them
		return nil
	}
	if _, err := p.Subscriptions.SettleSubscriptions(ctx); err != nil {
		return err
	}
	// The runs before were as uneventful, and they are many.
	_, err := river.ClientFromContext[pgx.Tx](ctx).JobDeleteMany(ctx,
		river.NewJobDeleteManyParams().Kinds(settleSubscriptions{}.Kind()).States(rivertype.JobStateCompleted))
	return err
}

// final cancels the job when trying again is pointless: the effect says so by a method Permanent, or a rule of the
// domain forbids it and will forbid it again. The error is kept with the job.
func final(err error) error {
	if err == nil {
		return nil
	}
	var effect interface{ Permanent() bool }
	if errors.As(err, &effect) && effect.Permanent() {
		return river.JobCancel(err)
	}
	if rule, ok := errors.AsType[*domain.Error](err); ok {
		switch rule.Kind {
		case domain.Invalid, domain.Unauthenticated, domain.Forbidden, domain.NotFound, domain.Mismatch:
			return river.JobCancel(err)
		case domain.Conflict, domain.Stale, domain.Limited, domain.Unavailable: // another time may be better
		}
	}
	return err
}
