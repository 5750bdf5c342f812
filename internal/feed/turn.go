package feed

import (
	"context"

	"am-user-management/internal/eventstore"
)

// Turns decides who of a consumer group consumes, and remembers how far the group came.
type Turns interface {
	// Acquire waits until it is this subscriber's turn. An error is worth another try, unless ctx ended.
	Acquire(ctx context.Context, topic string) (Turn, error)
}

// Turn is the right to consume, from Acquire to Release.
type Turn interface {
	// Position is where to continue after.
	Position() eventstore.Position
	// Passed says that everything up to a position is done with. The position is remembered soon, at the latest by
	// Release, but not at once: after a crash the last events may come again.
	Passed(at eventstore.Position)
	// Lost is closed when somebody else's turn may have begun.
	Lost() <-chan struct{}
	// Release ends the turn.
	Release()
}

// FromStart gives every subscription a turn of its own that begins at the start of its topic and is not remembered.
type FromStart struct{}

// Acquire does not wait.
func (FromStart) Acquire(context.Context, string) (Turn, error) { return ownTurn{}, nil }

type ownTurn struct{}

// Position is the start.
func (ownTurn) Position() eventstore.Position { return eventstore.Position{} }

// Passed forgets the position.
func (ownTurn) Passed(eventstore.Position) {}

// Lost never comes.
func (ownTurn) Lost() <-chan struct{} { return nil }

// Release has nothing to release.
func (ownTurn) Release() {}
