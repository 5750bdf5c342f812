package projections

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
)

// InlineApplier brings the rows of one stream up to date outside of the projector: before the command that
// appended is answered. It covers the tables that requests are checked against: accounts, sessions, access and roles.
// The projector comes by the same events later and finds them applied. It is safe for concurrent use.
type InlineApplier struct {
	pool   *pgxpool.Pool
	tables []inlineTable
}

// inlineTable is a table whose rows fold one stream each.
type inlineTable interface {
	Projection
	announce(stream string) (done func())
	applyInline(ctx context.Context, db querier, batch []eventstore.Envelope) error
}

// Inline returns the applier that writes through the pool, whose commits must wait for the disk.
func Inline(pool *pgxpool.Pool) *InlineApplier {
	return &InlineApplier{pool: pool, tables: []inlineTable{newAccounts(), newSessions(), newAccess(), newRoles()}}
}

// Projections returns every projection, as All does. Their projectors know what the applier has done, and do not do it
// again.
func (a *InlineApplier) Projections() []Projection {
	all := All()
	for i, projection := range all {
		for _, table := range a.tables {
			if table.Name() == projection.Name() {
				all[i] = table
			}
		}
	}
	return all
}

// Announce says that events are about to be appended to a stream and then applied inline, so that a projector that is
// faster leaves them alone. It returns what to call when they are applied, or will not be.
func (a *InlineApplier) Announce(stream string) (done func()) {
	ends := make([]func(), len(a.tables))
	for i, table := range a.tables {
		ends[i] = table.announce(stream)
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// ApplyInline applies events that were appended to a stream, or its whole history, to the stream's row. Where the row
// has not come as far as the first of them, it loads the stream from the row's revision on. For a stream of no table
// it does nothing. An error means that the row may be behind until the projector comes by.
func (a *InlineApplier) ApplyInline(ctx context.Context, stream string, appended []eventstore.Envelope,
	load func(ctx context.Context, from uint64) ([]eventstore.Envelope, error),
) error {
	if len(appended) == 0 {
		return nil
	}
	for _, table := range a.tables {
		if !table.Handles(appended[0].Event.EventType()) {
			continue
		}
		err := table.applyInline(ctx, a.pool, appended)
		var gap *GapError
		if !errors.As(err, &gap) {
			return err
		}
		missing, err := load(ctx, uint64(gap.Applied+1))
		if err != nil {
			return err
		}
		return table.applyInline(ctx, a.pool, missing)
	}
	return nil
}

// ApplyAllInline is ApplyInline for events of many streams, in their order within each, with one statement per table.
func (a *InlineApplier) ApplyAllInline(ctx context.Context, appended []eventstore.Envelope,
	load func(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error),
) error {
	for _, table := range a.tables {
		batch := make([]eventstore.Envelope, 0, len(appended))
		for _, event := range appended {
			if table.Handles(event.Event.EventType()) {
				batch = append(batch, event)
			}
		}
		err := table.applyInline(ctx, a.pool, batch)
		var gap *GapError
		if errors.As(err, &gap) {
			err = a.applyOneByOne(ctx, batch, load)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// applyOneByOne takes each stream for itself, where one of them lacks events.
func (a *InlineApplier) applyOneByOne(ctx context.Context, batch []eventstore.Envelope,
	load func(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error),
) error {
	streams := make(map[string][]eventstore.Envelope)
	for _, event := range batch {
		streams[event.Stream] = append(streams[event.Stream], event)
	}
	for stream, events := range streams {
		err := a.ApplyInline(ctx, stream, events, func(ctx context.Context, from uint64) ([]eventstore.Envelope, error) {
			return load(ctx, stream, from)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
