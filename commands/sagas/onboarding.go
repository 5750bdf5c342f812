// Package sagas reacts to events by commands and jobs. A saga is a projection of the feed that writes no rows: what it
// does inside this process are commands whose ids derive from the event that triggered them, so that doing them again
// changes nothing; what leaves the process is a job, inserted in the transaction that moves the saga's checkpoint.
package sagas

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/onboarding"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/jobs"
)

// Queue inserts jobs in the transaction it is given. The same effect inserted twice is one job.
type Queue interface {
	InsertOnboardingTx(ctx context.Context, tx pgx.Tx, effects ...jobs.Effect) error
	// InsertCrowdTx does it for many users at once, by fewer jobs.
	InsertCrowdTx(ctx context.Context, tx pgx.Tx, effects ...jobs.Effect) error
}

// Steps says which steps are wanted; a disabled module's is not.
type Steps struct {
	Trial, Profile, Role, Mail, Token bool
}

// Onboarding gives every new user a trial, a profile and the default role, has the address verified and tells the
// token service. Sign-up is over when it begins: whatever fails here is tried again and shown, and fails nobody. Those who
// were imported have a saga of their own: nobody who signs up waits behind a million of them.
type Onboarding struct {
	imported bool
	parallel int // how many users of one batch are served at once
	service  *commands.Service
	queue    Queue
	steps    Steps
	log      *slog.Logger
}

// sagaName is part of the ids of the saga's commands and never changes.
const sagaName = "onboarding"

const (
	// parallel is enough for the store to group the appends.
	parallel = 64
	// importedParallel leaves most of the store to those who wait for an answer, and to the import itself.
	importedParallel = 32
)

// NewOnboarding makes the saga for those who sign up, or are made by an admin.
func NewOnboarding(service *commands.Service, queue Queue, steps Steps, log *slog.Logger) *Onboarding {
	return &Onboarding{parallel: parallel, service: service.Unattended(), queue: queue, steps: steps, log: log}
}

// NewImportedOnboarding makes the saga for those who were imported. Its commands and jobs are the same.
func NewImportedOnboarding(service *commands.Service, queue Queue, steps Steps, log *slog.Logger) *Onboarding {
	o := NewOnboarding(service, queue, steps, log)
	o.imported, o.parallel, o.steps.Mail = true, importedParallel, false
	return o
}

// Name is the name of the saga's checkpoint.
func (o *Onboarding) Name() string {
	if o.imported {
		return "saga-" + sagaName + "-imported"
	}
	return "saga-" + sagaName
}

// Handles reports whether the saga reacts to events of this type.
func (o *Onboarding) Handles(eventType string) bool {
	switch eventType {
	case account.UserCreated{}.EventType():
		return true
	case account.EmailVerificationRequested{}.EventType():
		return !o.imported
	}
	return false
}

// Apply does the inner steps of all users in the batch, and queues the rest.
func (o *Onboarding) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	effects := make([][]jobs.Effect, len(batch))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(o.parallel)
	for i := range batch {
		switch event := batch[i].Event.(type) {
		case account.UserCreated:
			if event.Imported != o.imported {
				continue
			}
			group.Go(func() error {
				effects[i] = o.created(groupCtx, batch[i], event)
				return groupCtx.Err()
			})
		case account.EmailVerificationRequested:
			if o.steps.Mail {
				effects[i] = []jobs.Effect{{User: event.UserID, Step: onboarding.Mail, Request: event.RequestID}}
			}
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var all []jobs.Effect
	for _, some := range effects {
		all = append(all, some...)
	}
	if o.imported {
		return o.queue.InsertCrowdTx(ctx, tx, all...)
	}
	return o.queue.InsertOnboardingTx(ctx, tx, all...)
}

// created does what can be done at once and returns what is left for jobs.
func (o *Onboarding) created(ctx context.Context, trigger eventstore.Envelope, event account.UserCreated) []jobs.Effect {
	if event.Email.Erased() { // nobody is left to be served
		return nil
	}
	var left []jobs.Effect
	for _, step := range o.inner() {
		if err := o.run(ctx, trigger, event, step); err != nil {
			o.log.WarnContext(ctx, "an onboarding step failed and is left to a job",
				"user", event.UserID, "step", step, "error", err)
			left = append(left, jobs.Effect{User: event.UserID, Step: step, Failure: err.Error()})
		}
	}
	if o.steps.Token {
		left = append(left, jobs.Effect{User: event.UserID, Step: onboarding.Token})
	}
	return left
}

// inner lists the steps that are commands of this process.
func (o *Onboarding) inner() []onboarding.Step {
	var steps []onboarding.Step
	if o.steps.Trial {
		steps = append(steps, onboarding.Trial)
	}
	if o.steps.Profile {
		steps = append(steps, onboarding.Profile)
	}
	if o.steps.Role {
		steps = append(steps, onboarding.Role)
	}
	return steps
}

// RunStep does an inner step again, for the job that it was left to.
func (o *Onboarding) RunStep(ctx context.Context, user domain.ID, step onboarding.Step) error {
	trigger, created, err := o.service.Created(ctx, user)
	if err != nil {
		return err
	}
	return o.run(ctx, trigger, created, step)
}

func (o *Onboarding) run(ctx context.Context, trigger eventstore.Envelope, created account.UserCreated, step onboarding.Step) error {
	request := commands.Reaction(trigger, sagaName, string(step), created.UserID.String())
	request.At = joined(trigger, created)
	switch step {
	case onboarding.Trial:
		return o.service.StartTrial(ctx, request, created)
	case onboarding.Profile:
		return o.service.CreateProfile(ctx, request, created)
	case onboarding.Role:
		return o.service.AssignDefaultRole(ctx, request, created.UserID)
	default:
		return fmt.Errorf("step %q is not one that this process does by itself", step)
	}
}

// joined is when somebody became a user here. An account that was imported has the date of its creation elsewhere, and
// nobody's trial may be over before it began: then it is when the event was stored.
func joined(trigger eventstore.Envelope, created account.UserCreated) time.Time {
	stored := trigger.Created.UTC().Truncate(time.Microsecond)
	if stored.After(created.CreatedAt) {
		return stored
	}
	return created.CreatedAt
}
