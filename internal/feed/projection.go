package feed

import (
	"context"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
)

// Projection turns events into rows, or, in a saga, into commands and jobs.
type Projection interface {
	// Name is the name of its checkpoint. It never changes, or the projection starts again.
	Name() string
	// Handles reports whether events of this type matter to the projection. All others only move its position.
	Handles(eventType string) bool
	// Apply writes what the events of a batch, in the order of the log, mean. The checkpoint moves in the same
	// transaction. A batch may be repeated, and may be cut differently when it is: what Apply does outside of tx
	// has to be harmless when done again. An error that is not Transient halts the projection at the event.
	Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error
}

// Foreseen is a Projection some of whose events are applied before they come: by a command that must be effective at
// once.
type Foreseen interface {
	Projection
	// Begin is called when a turn begins, before its first batch.
	Begin()
	// Applied reports whether an event has been applied, durably, since Begin. Such an event does not come to Apply.
	Applied(stream string, revision uint64) bool
}

// Decoder decodes the events that a projection handles; all of one batch at once, so that it looks up their keys
// at once. Envelopes come in the order of the records, whose bytes are others' too and stay as they are.
type Decoder interface {
	Decode(ctx context.Context, records []eventstore.Recorded) ([]eventstore.Envelope, error)
}

// Consumer is a projection and how it starts.
type Consumer struct {
	Projection Projection
	// StartAtEnd lets a projection without a checkpoint begin after the present end of the log instead of at its
	// beginning. It is for sagas: a new one must not fire effects for all that happened before it existed.
	StartAtEnd bool
}
