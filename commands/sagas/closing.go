package sagas

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/jobs"
)

// EndingQueue inserts jobs in the transaction it is given. The same ending inserted twice is one job.
type EndingQueue interface {
	InsertEndingsTx(ctx context.Context, tx pgx.Tx, endings ...jobs.Ending) error
}

// Closing ends what accounts leave behind: the claim on an address that was given up, and all of an account that is to
// be erased.
type Closing struct{ queue EndingQueue }

// sweepAfter is how long after an erasure no instance has the person's key in memory any more: longer than the key
// ring keeps any.
const sweepAfter = 2 * time.Minute

// NewClosing makes the saga.
func NewClosing(queue EndingQueue) *Closing { return &Closing{queue: queue} }

// Name is the name of the saga's checkpoint.
func (c *Closing) Name() string { return "saga-closing" }

// Handles reports whether the saga reacts to events of this type.
func (c *Closing) Handles(eventType string) bool {
	switch eventType {
	case account.EmailChanged{}.EventType(), account.AccountErasureRequested{}.EventType(), account.AccountErased{}.EventType():
		return true
	}
	return false
}

// Apply queues what follows.
func (c *Closing) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	var endings []jobs.Ending
	for i := range batch {
		trigger := domain.ID(batch[i].ID)
		switch event := batch[i].Event.(type) {
		case account.EmailChanged:
			endings = append(endings, jobs.Ending{
				Kind: jobs.ReleaseClaim, User: event.UserID, Claim: event.PreviousEmailClaim, Event: trigger,
			})
		case account.AccountErasureRequested:
			endings = append(endings, jobs.Ending{Kind: jobs.EraseUser, User: event.UserID, Event: trigger})
		case account.AccountErased:
			endings = append(endings, jobs.Ending{
				Kind: jobs.SweepErased, User: event.UserID, Event: trigger, At: batch[i].Created.Add(sweepAfter),
			})
		}
	}
	return c.queue.InsertEndingsTx(ctx, tx, endings...)
}

// Closer does what Closing queued.
type Closer struct {
	service  *commands.Service
	shredder commands.Shredder
}

// NewCloser makes it.
func NewCloser(service *commands.Service, shredder commands.Shredder) *Closer {
	return &Closer{service: service, shredder: shredder}
}

// ReleaseClaim frees an address that an account does not have any more.
func (c *Closer) ReleaseClaim(ctx context.Context, user domain.ID, claim string) error {
	return c.service.ReleaseClaim(ctx, user, claim)
}

// Erase carries out an erasure that was requested.
func (c *Closer) Erase(ctx context.Context, user domain.ID) error {
	return c.service.Erase(ctx, user, c.shredder)
}

// SweepErased brings the rows of an erased user once more to what their streams tell.
func (c *Closer) SweepErased(ctx context.Context, user domain.ID) error {
	return c.service.SweepErased(ctx, user, c.shredder)
}
