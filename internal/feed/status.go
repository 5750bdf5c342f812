package feed

import (
	"context"
	"time"

	"am-user-management/internal/eventstore"
)

// Status is how a projection does, wherever it is active.
type Status struct {
	Projection string
	// Position is how far it came, Head the last event of the store itself, not of what was seen of it.
	Position, Head eventstore.Position
	// Lag is the distance from Position to Head in the store's units, SecondsBehind the age of the first event that
	// was not passed yet. Both are 0 when nothing is left to do.
	Lag           uint64
	SecondsBehind float64
	// Halt is why it stands still, nil if it does not.
	Halt *Halt
	// Parked are streams that it leaves alone, those that were parked first, and Rebuild is its last rebuild, nil if there
	// was none.
	Parked  []Parked
	Rebuild *Rebuild
	// Epoch counts its turns; Owner had the last one. UpdatedAt is when the row was last written.
	Epoch     int64
	Owner     string
	UpdatedAt time.Time
	// Active is whether this instance has the turn. The rest is of this instance only: whether it was paused here, the
	// events of its types handled here in all, per second over the last ten seconds, and in the last batch.
	Active bool
	// NoRoom is what Postgres said when it had no room for what comes next, as this instance saw it; empty if it had.
	NoRoom          string
	Paused          bool
	Events          uint64
	EventsPerSecond float64
	BatchSize       int
}

// Status tells about every projection, in the order of Options.Consumers. An error means that the database or the
// store did not answer, which is as bad as a halt.
func (f *Feed) Status(ctx context.Context) ([]Status, error) {
	names := make([]string, len(f.projectors))
	for i, p := range f.projectors {
		names[i] = p.name
	}
	rows, err := f.rows.rows(ctx, names)
	if err != nil {
		return nil, err
	}
	head, err := f.log.Head(ctx)
	if err != nil {
		return nil, err
	}
	parked, err := f.rows.allParked(ctx)
	if err != nil {
		return nil, err
	}
	rebuilds, err := f.rows.rebuilds(ctx)
	if err != nil {
		return nil, err
	}
	statuses := make([]Status, len(f.projectors))
	for i, p := range f.projectors {
		statuses[i] = f.status(p, rows[p.name], head)
		statuses[i].Rebuild = rebuilds[p.name]
		for _, one := range parked {
			if one.Projection == p.name {
				statuses[i].Parked = append(statuses[i].Parked, one)
			}
		}
		if err := f.measure(ctx, &statuses[i]); err != nil {
			return nil, err
		}
	}
	return statuses, nil
}

func (f *Feed) status(p *projector, r row, head eventstore.Position) Status {
	s := Status{
		Projection: p.name, Position: r.position, Head: head, Halt: r.halt,
		Epoch: r.epoch, Owner: r.owner, UpdatedAt: r.updatedAt, Paused: p.gate.isShut(),
	}
	s.Events, s.EventsPerSecond, s.BatchSize = p.meter.read()
	if halt, active := f.positions.halted(p.name); active {
		s.Active = true
		if halt != nil {
			s.Halt = halt
		}
		if current, err := f.positions.Current(p.name); err == nil && s.Position.Less(current) {
			s.Position = current
		}
	}
	s.NoRoom = p.noRoom(s.Position)
	return s
}

// measure fills in how far behind a projection is.
func (f *Feed) measure(ctx context.Context, s *Status) error {
	if !s.Position.Less(s.Head) {
		return nil
	}
	written, some, err := f.log.Next(ctx, s.Position)
	if err != nil || !some {
		return err
	}
	s.Lag = s.Head.Commit - s.Position.Commit
	s.SecondsBehind = max(0, f.options.Now().Sub(written).Seconds())
	return nil
}
