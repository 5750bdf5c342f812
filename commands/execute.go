package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
)

// Result tells where a stream stands after a command: what ETag and Consistency-Token are made of.
type Result struct {
	Stream   string
	Revision uint64
	Position eventstore.Position
	// Replayed is true if the same request was carried out before; the result is that of then.
	Replayed bool
}

// Outcome is a result with the state it led to.
type Outcome[S any] struct {
	Result
	State S
}

// attempts and backoff bound how often a command is decided again when others changed its stream meanwhile.
const (
	attempts = 5
	backoff  = 4 * time.Millisecond
)

// execute is the way of every command: load, fold, decide, append at the exact revision. A command that stands in the
// stream already is not decided again: it gets the result it had. Where others were faster it decides again, unless
// the caller insisted on a revision.
//
// A request with a time of its own first tries to open the stream, without a look at it. If the stream is there, its
// first events are the request's own, made before, or they refuse the append; then it goes the way of all others.
//
// It returns the rules of the command, ErrConflict, ErrPreconditionFailed, ErrKeyReused, ErrOutcomeUnknown,
// ErrUnavailable and, with an outcome that is valid, ErrNotYetEffective.
func execute[S domain.State[S, E], E domain.Event](ctx context.Context, s *Service, r Request, c domain.Command[S, E]) (Outcome[S], error) {
	stream := c.Stream()
	if !r.At.IsZero() && r.IfMatch == nil {
		outcome, err := decideAndAppend[S, E](ctx, s, r, c, nil)
		if outcome.Position != (eventstore.Position{}) || errors.Is(err, ErrOutcomeUnknown) {
			return outcome, err
		}
	}
	for attempt := 1; ; attempt++ {
		history, err := s.store.Load(ctx, stream, 0)
		if err != nil {
			return Outcome[S]{}, storeError(err)
		}
		outcome, err := decideAndAppend[S, E](ctx, s, r, c, history)
		if !errors.Is(err, eventstore.ErrConflict) {
			return outcome, err
		}
		if r.IfMatch != nil {
			return Outcome[S]{}, ErrPreconditionFailed
		}
		if attempt == attempts {
			return Outcome[S]{}, ErrConflict
		}
		if attempt == 1 {
			leave, err := s.queues.enter(ctx, stream)
			if err != nil {
				return Outcome[S]{}, err
			}
			defer leave()
			continue
		}
		if err := pause(ctx, attempt); err != nil {
			return Outcome[S]{}, err
		}
	}
}

func decideAndAppend[S domain.State[S, E], E domain.Event](ctx context.Context, s *Service, r Request, c domain.Command[S, E], history []eventstore.Envelope) (Outcome[S], error) {
	stream := c.Stream()
	done, err := standsIn(history, r)
	if err != nil {
		return Outcome[S]{}, err
	}
	if done > 0 {
		outcome, err := folded[S, E](stream, history[:done])
		outcome.Replayed = true
		if err != nil {
			return outcome, err
		}
		return outcome, s.applyInline(ctx, stream, history[:done])
	}

	before, err := folded[S, E](stream, history)
	if err != nil {
		return Outcome[S]{}, err
	}
	if r.IfMatch != nil && len(history) > 0 && *r.IfMatch != before.Revision {
		return Outcome[S]{}, ErrPreconditionFailed
	}
	events, err := c.Decide(before.State)
	if err != nil {
		return before, err
	}
	if len(events) == 0 {
		return before, s.applyInline(ctx, stream, history) // an earlier answer may have been "not yet effective"
	}

	drafts := make([]eventstore.Draft, len(events))
	after := before.State
	for i, event := range events {
		drafts[i] = eventstore.Draft{ID: r.eventID(stream, i), Event: event, Meta: r.metadata()}
		after = after.Evolve(event)
	}
	expected := eventstore.NoStream
	if len(history) > 0 {
		expected = eventstore.Expected(before.Revision)
	}
	defer s.inline.Announce(stream)()
	appended, envelopes, err := s.store.Append(ctx, stream, expected, drafts)
	if err != nil {
		return Outcome[S]{}, storeError(err)
	}
	outcome := Outcome[S]{Result{Stream: stream, Revision: appended.Revision, Position: appended.Position}, after}
	return outcome, s.applyInline(ctx, stream, envelopes)
}

// standsIn returns how many events of the history there were once the request had been carried out, 0 if it was not.
func standsIn(history []eventstore.Envelope, r Request) (int, error) {
	done := 0
	for i := range history {
		if meta := &history[i].Meta; meta.CommandID == r.CommandID {
			if meta.Fingerprint != r.Fingerprint {
				return 0, ErrKeyReused
			}
			done = i + 1
		}
	}
	return done, nil
}

// folded is the state that a history adds up to, and where it ends.
func folded[S domain.State[S, E], E domain.Event](stream string, history []eventstore.Envelope) (Outcome[S], error) {
	outcome := Outcome[S]{Result: Result{Stream: stream}}
	for i := range history {
		event, ok := history[i].Event.(E)
		if !ok {
			return Outcome[S]{}, fmt.Errorf("stream %s: an event of type %s does not belong there", stream, history[i].Event.EventType())
		}
		outcome.State = outcome.State.Evolve(event)
		outcome.Revision, outcome.Position = history[i].Revision, history[i].Position
	}
	return outcome, nil
}

// load folds a stream without changing it. exists is false if it has no events.
func load[S domain.State[S, E], E domain.Event](ctx context.Context, s *Service, stream string) (outcome Outcome[S], exists bool, err error) {
	history, err := s.store.Load(ctx, stream, 0)
	if err != nil {
		return Outcome[S]{}, false, storeError(err)
	}
	outcome, err = folded[S, E](stream, history)
	return outcome, len(history) > 0, err
}

func (s *Service) applyInline(ctx context.Context, stream string, appended []eventstore.Envelope) error {
	err := s.inline.ApplyInline(ctx, stream, appended, func(ctx context.Context, from uint64) ([]eventstore.Envelope, error) {
		return s.store.Load(ctx, stream, from)
	})
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrNotYetEffective, err)
	}
	return nil
}

// storeError turns what an adapter says into a rule that the caller can act upon. ErrConflict stays, for execute.
func storeError(err error) error {
	switch {
	case errors.Is(err, eventstore.ErrUnknownOutcome):
		return fmt.Errorf("%w (%w)", ErrOutcomeUnknown, err)
	case errors.Is(err, eventstore.ErrUnavailable):
		return fmt.Errorf("%w (%w)", ErrUnavailable, err)
	case errors.Is(err, eventstore.ErrErased):
		return fmt.Errorf("%w (%w)", account.ErrNotFound, err)
	case errors.Is(err, eventstore.ErrTooLarge):
		return fmt.Errorf("%w (%w)", domain.ErrInvalid, err)
	default:
		return err
	}
}

// pause waits a random time that grows with the attempt ("full jitter"), so that rivals fall out of step.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(backoff << attempt))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
