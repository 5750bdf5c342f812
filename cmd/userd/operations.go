package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"am-user-management/commands"
	amhttp "am-user-management/http"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
	"am-user-management/internal/jobs"
)

// projectionOperations lets operators see and drive the feed.
type projectionOperations struct{ feed *feed.Feed }

// Status tells about every projection.
func (o projectionOperations) Status(ctx context.Context) ([]amhttp.ProjectionStatus, error) {
	statuses, err := o.feed.Status(ctx)
	if err != nil { // database or store
		return nil, fmt.Errorf("%w: %w", commands.ErrUnavailable, err)
	}
	all := make([]amhttp.ProjectionStatus, len(statuses))
	for i, status := range statuses {
		all[i] = amhttp.ProjectionStatus{
			Name: status.Projection, Position: status.Position, Lag: status.Lag, BehindSeconds: status.SecondsBehind,
			EventsPerSecond: status.EventsPerSecond,
		}
		if halt := status.Halt; halt != nil {
			all[i].Halt = &amhttp.ProjectionHalt{Event: halt.Event, Position: halt.Position, Error: halt.Error, At: halt.At}
		}
		for _, parked := range status.Parked {
			all[i].Parked = append(all[i].Parked, amhttp.ParkedStream{
				Stream: parked.Stream, EventID: parked.Event, Error: parked.Error, ParkedAt: parked.At.UTC(),
			})
		}
		all[i].Rebuild = shownRebuild(status.Rebuild)
	}
	return all, nil
}

func shownRebuild(r *feed.Rebuild) *amhttp.ProjectionRebuild {
	if r == nil {
		return nil
	}
	state := amhttp.RebuildRunning
	switch {
	case r.Error != "":
		state = amhttp.RebuildFailed
	case !r.FinishedAt.IsZero():
		state = amhttp.RebuildDone
	case r.Abandoned:
		state = amhttp.RebuildAbandoned
	}
	return &amhttp.ProjectionRebuild{
		State: state, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Position: r.Position,
		RepairedRows: r.Repaired, RemovedRows: r.Removed, Error: r.Error,
	}
}

// Retry makes a halted projection try again.
func (o projectionOperations) Retry(ctx context.Context, name string) error {
	return operatingError(o.feed.Retry(ctx, name))
}

// Skip makes a halted projection go on.
func (o projectionOperations) Skip(ctx context.Context, name string, at eventstore.Position) error {
	return operatingError(o.feed.Skip(ctx, name, at))
}

// Park makes a halted projection leave a stream alone.
func (o projectionOperations) Park(ctx context.Context, name string, at eventstore.Position) error {
	return operatingError(o.feed.Park(ctx, name, at))
}

// Rebuild begins to make a table anew.
func (o projectionOperations) Rebuild(ctx context.Context, name string) error {
	return operatingError(o.feed.Rebuild(ctx, name))
}

func operatingError(err error) error {
	switch {
	case errors.Is(err, feed.ErrNotRebuildable):
		return amhttp.ErrNotRebuildable
	case errors.Is(err, feed.ErrRebuilding):
		return amhttp.ErrRebuilding
	case errors.Is(err, feed.ErrUnknownProjection):
		return amhttp.ErrNoProjection
	case errors.Is(err, feed.ErrNotHalted):
		return amhttp.ErrNotHalted
	case errors.Is(err, jobs.ErrNotFound):
		return amhttp.ErrNoJob
	}
	return err
}

// jobOperations lets operators see and drive the queue.
type jobOperations struct{ queue *jobs.Queue }

// Page lists jobs.
func (o jobOperations) Page(ctx context.Context, after int64, limit int, state string) ([]amhttp.Job, error) {
	var states []jobs.State
	if state != "" {
		states = append(states, jobs.State(state))
	}
	found, err := o.queue.Page(ctx, after, limit, states...)
	if err != nil {
		return nil, err
	}
	all := make([]amhttp.Job, len(found))
	for i, job := range found {
		all[i] = shownJob(job)
	}
	return all, nil
}

// Retry starts a job again.
func (o jobOperations) Retry(ctx context.Context, id int64) (amhttp.Job, error) {
	job, err := o.queue.Retry(ctx, id)
	return shownJob(job), operatingError(err)
}

// longestError is how much of an error operators see, in bytes.
const longestError = 500

func shownJob(job jobs.Job) amhttp.Job {
	shown := amhttp.Job{
		ID: job.ID, Kind: job.Kind, Step: string(job.Step), State: string(job.State), Attempts: job.Attempt,
		MaxAttempts: job.MaxAttempts, CreatedAt: job.CreatedAt.UTC(), ScheduledAt: job.ScheduledAt.UTC(),
	}
	shown.LastError, _, _ = strings.Cut(job.LastError, "\n")
	shown.LastError = strings.ToValidUTF8(shown.LastError[:min(len(shown.LastError), longestError)], "")
	if !job.UserID.IsZero() {
		shown.UserID = &job.UserID
	}
	if !job.FinalizedAt.IsZero() {
		at := job.FinalizedAt.UTC()
		shown.FinishedAt = &at
	}
	return shown
}
