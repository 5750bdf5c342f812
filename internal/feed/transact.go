package feed

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
)

// transact applies events and moves the checkpoint in one transaction. If the checkpoint is not where this turn left
// it, nothing happens and the error is errFenced: that, and nothing else, is what makes effects happen once.
func (p *projector) transact(ctx context.Context, turn *lease, events []eventstore.Recorded, upTo eventstore.Position) error {
	envelopes, err := p.decode(ctx, events)
	if err != nil {
		return err
	}
	turn.writing.Lock()
	defer turn.writing.Unlock()
	if turn.over() {
		return errFenced
	}
	checkpoints := p.group.checkpoints
	tx, err := checkpoints.pool.Begin(ctx)
	if err != nil {
		return err
	}
	// After Commit this does nothing; before, an error of it adds nothing to the one that is returned.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := p.applyTo(ctx, tx, envelopes); err != nil {
		return err
	}
	if err := checkpoints.advance(ctx, tx, p.name, turn.epoch, turn.stored, upTo); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		// Whether it happened is unknown. If it did, the next attempt is fenced off, and reads the row.
		return fmt.Errorf("commit: %w", err)
	}
	turn.stored = upTo
	turn.advance(upTo)
	return nil
}

func (p *projector) decode(ctx context.Context, events []eventstore.Recorded) (envelopes []eventstore.Envelope, err error) {
	defer recovered(&err)
	envelopes, err = p.decoder.Decode(ctx, events)
	if err == nil && len(envelopes) != len(events) {
		err = fmt.Errorf("%d events were decoded to %d", len(events), len(envelopes))
	}
	return envelopes, err
}

func (p *projector) applyTo(ctx context.Context, tx pgx.Tx, envelopes []eventstore.Envelope) (err error) {
	defer recovered(&err)
	return p.Projection.Apply(ctx, tx, envelopes)
}

// recovered turns a panic into an error.
func recovered(err *error) {
	if value := recover(); value != nil {
		*err = &PanicError{Value: value, Stack: debug.Stack()}
	}
}
