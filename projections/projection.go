// Package projections turns events into the rows that readers see: one file per table. A projection says which row an
// event belongs to and how the event changes it; the engine in table.go does the rest with two statements per batch.
// Rows are written only here, by the projector's passes and, for the tables that requests are checked against, by
// Inline as well; both use the same folds. The package imports domain, eventstore and pgx, and reads no clock: a
// row depends on nothing but its events.
package projections

import (
	"context"

	"github.com/jackc/pgx/v5"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// Projection keeps one table up to date. It is safe for concurrent use.
type Projection interface {
	// Name is the name of the table and of the checkpoint.
	Name() string
	// Handles reports whether events of this type change the table.
	Handles(eventType string) bool
	// Apply brings the rows of a batch up to date; events that are not handled are ignored. The events are in the
	// order of the log. Events that were applied before change nothing, however the batches are cut. A *GapError says that
	// an event is missing; other errors are the database's.
	Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error
}

// All returns every projection.
func All() []Projection {
	return []Projection{
		newAccounts(), newEmailClaims(), newSessions(), newProfiles(), newPlans(), newSubscriptions(),
		newRoles(), newAccess(), newOnboarding(), newUsers(),
	}
}

// types is the set of the event types of the lists.
func types(lists ...[]domain.Event) map[string]bool {
	set := make(map[string]bool)
	for _, list := range lists {
		for _, event := range list {
			set[event.EventType()] = true
		}
	}
	return set
}
