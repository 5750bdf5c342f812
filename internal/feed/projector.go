package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"am-user-management/internal/eventstore"
)

var (
	// errInterrupted ends the handling of a batch that is neither done nor wrong: the projection stops, or its turn is
	// over. The router does not report what is a context.Canceled.
	errInterrupted = fmt.Errorf("interrupted: %w", context.Canceled)
	errForeign     = errors.New("the message does not come from the projection's own subscriber")
)

// projector handles the messages of one projection.
type projector struct {
	Consumer
	name      string
	foreseen  Foreseen // the Projection, if it is one
	decoder   Decoder
	group     *Group
	positions *Positions
	log       Log
	logger    *slog.Logger
	now       func() time.Time
	halted    Backoff
	stopping  <-chan struct{}
	gate      gate
	meter     meter

	mu   sync.Mutex
	turn *lease // the present one, nil for none
	full *fullDisk
}

// fullDisk is where a projection waits for Postgres to have room again.
type fullDisk struct {
	upTo  eventstore.Position // of the batch that did not find room
	cause string
}

// begun notes that it is this instance's turn.
func (p *projector) begun(turn *lease) {
	turn.moved = func(at eventstore.Position) {
		p.positions.update(p.name, func(of *progress) {
			of.current = at
			if of.halt != nil && !at.Less(of.halt.Position) {
				of.halt = nil
			}
		})
	}
	if p.foreseen != nil {
		p.foreseen.Begin()
	}
	turn.ended = func() {
		p.setTurn(nil)
		p.positions.update(p.name, func(of *progress) { of.active = false })
	}
	p.setTurn(turn)
	p.positions.update(p.name, func(of *progress) {
		of.current, of.halt, of.active = turn.stored, turn.halt, true
		if of.halt != nil && !of.current.Less(of.halt.Position) {
			of.halt = nil
		}
	})
	p.logger.Info("projection active", "epoch", turn.epoch, "position", positionText(turn.stored))
}

func (p *projector) setTurn(turn *lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn = turn
}

// endTurn makes the projection begin again from its row.
func (p *projector) endTurn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.turn != nil {
		p.turn.lose()
	}
}

// start is where a projection without a checkpoint begins.
func (p *projector) start(ctx context.Context) (eventstore.Position, error) {
	if !p.StartAtEnd {
		return eventstore.Position{}, nil
	}
	return p.log.Head(ctx)
}

// handle applies the batch of a message. An error means that the same batch is to come again.
func (p *projector) handle(msg *message.Message) error {
	ctx := msg.Context()
	batch, ok := BatchOf(msg)
	turn, own := batch.turn.(*lease)
	if !ok || !own {
		return errForeign
	}
	if !p.gate.pass(ctx.Done(), p.stopping) {
		return errInterrupted
	}
	err := p.project(ctx, turn, batch)
	p.noteRoom(err, batch.Last)
	if errors.Is(err, errFenced) {
		p.logger.WarnContext(ctx, "turn lost", "epoch", turn.epoch)
		turn.lose()
		return errInterrupted
	}
	return err
}

// noteRoom notes whether Postgres had room for a batch. The batch is tried again for ever, so nothing else tells of it.
func (p *projector) noteRoom(err error, upTo eventstore.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.full = nil
	case isDiskFull(err):
		p.full = &fullDisk{upTo: upTo, cause: err.Error()}
	}
}

// noRoom is why Postgres has no room for what follows a position, empty if it has: somebody else may have got on since.
func (p *projector) noRoom(position eventstore.Position) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full == nil || !position.Less(p.full.upTo) {
		return ""
	}
	return p.full.cause
}

// project applies what is new and matters in a batch. After an interruption the front of a batch may be done already.
func (p *projector) project(ctx context.Context, turn *lease, batch Batch) error {
	events, done := batch.Events, turn.position()
	for len(events) > 0 && !done.Less(events[0].Position) {
		events = events[1:]
	}
	var matters []eventstore.Recorded
	for i := range events {
		if !p.Projection.Handles(events[i].Type) || turn.parked[events[i].Stream] || p.foreseen != nil && p.foreseen.Applied(events[i].Stream, events[i].Revision) {
			continue
		}
		matters = append(matters, events[i])
	}
	if len(matters) == 0 {
		turn.Passed(batch.Last)
	} else if err := p.apply(ctx, turn, matters, batch.Last); err != nil {
		return err
	}
	p.meter.add(len(events))
	return nil
}

// apply applies events and moves the checkpoint to a position. If they fail, and would again, it applies each half by
// itself, and so on down to the event that is to blame: everything before that is applied, and there it halts.
func (p *projector) apply(ctx context.Context, turn *lease, events []eventstore.Recorded, upTo eventstore.Position) error {
	err := p.transact(ctx, turn, events, upTo)
	if len(events) == 1 && p.toBlame(ctx, err) {
		err = p.transact(ctx, turn, events, upTo)
	}
	switch {
	case err == nil:
		return nil
	case !p.toBlame(ctx, err):
		return err
	case len(events) == 1:
		return p.halt(ctx, turn, &events[0], err)
	}
	half := len(events) / 2
	p.logger.WarnContext(ctx, "batch failed, halving it", "events", len(events), "error", err)
	if err := p.apply(ctx, turn, events[:half], events[half-1].Position); err != nil {
		return err
	}
	return p.apply(ctx, turn, events[half:], upTo)
}

// toBlame reports whether an error is the events' own.
func (p *projector) toBlame(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !errors.Is(err, errFenced) && !Transient(err)
}

// halt records that an event cannot be applied and waits for an operator, the end of the turn, or the end of all.
func (p *projector) halt(ctx context.Context, turn *lease, event *eventstore.Recorded, cause error) error {
	halt := &Halt{
		Event: event.ID, Stream: event.Stream, Type: event.Type, Position: event.Position,
		Error: storable(cause.Error()), At: p.now(),
	}
	p.positions.update(p.name, func(of *progress) { of.halt = halt })
	attributes := []any{
		"event", event.ID, "type", event.Type, "stream", event.Stream,
		"position", positionText(event.Position), "error", cause,
	}
	var panicked *PanicError
	if errors.As(cause, &panicked) {
		attributes = append(attributes, "stack", string(panicked.Stack))
	}
	p.logger.ErrorContext(ctx, "projection halted", attributes...)
	again := pause{Backoff: p.halted}
	for {
		err := p.group.checkpoints.halt(ctx, p.name, turn.epoch, halt)
		if err == nil || errors.Is(err, errFenced) {
			break
		}
		if !again.wait(ctx.Done(), p.stopping) {
			return errInterrupted
		}
	}
	select {
	case <-turn.Lost():
	case <-ctx.Done():
	case <-p.stopping:
	}
	return errInterrupted
}
