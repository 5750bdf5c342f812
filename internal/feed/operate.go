package feed

import (
	"context"
	"fmt"

	"am-user-management/internal/eventstore"
)

// Pause holds a projection up on this instance, before its next batch, until Resume. It keeps its turn. The error is
// ErrUnknownProjection.
func (f *Feed) Pause(projection string) error {
	p, err := f.projector(projection)
	if err == nil {
		p.gate.shut()
	}
	return err
}

// Resume ends Pause. The error is ErrUnknownProjection.
func (f *Feed) Resume(projection string) error {
	p, err := f.projector(projection)
	if err == nil {
		p.gate.open()
	}
	return err
}

// Retry makes a halted projection try its event again, on whatever instance it is. Errors: ErrUnknownProjection,
// ErrNotHalted.
func (f *Feed) Retry(ctx context.Context, projection string) error {
	p, err := f.projector(projection)
	if err != nil {
		return err
	}
	if err := f.rows.retry(ctx, projection); err != nil {
		return err
	}
	f.options.Logger.WarnContext(ctx, "projection retried by an operator", "projection", projection)
	p.endTurn()
	return nil
}

// Skip makes a halted projection go on after its event without applying it, on whatever instance it is. The position
// names the event, so that nobody skips another than the one they looked at. Errors: ErrUnknownProjection,
// ErrNotHalted.
func (f *Feed) Skip(ctx context.Context, projection string, at eventstore.Position) error {
	p, err := f.projector(projection)
	if err != nil {
		return err
	}
	if err := f.rows.skip(ctx, projection, at); err != nil {
		return err
	}
	f.options.Logger.WarnContext(ctx, "event skipped by an operator",
		"projection", projection, "position", positionText(at))
	p.endTurn()
	return nil
}

func (f *Feed) projector(name string) (*projector, error) {
	for _, p := range f.projectors {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%q: %w", name, ErrUnknownProjection)
}
