package feed

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
)

// Group is a consumer group whose position and turns are kept in the table checkpoints: of all its subscribers, in
// all processes, one consumes a topic. The row of topic All has the group's name, that of another topic "name/topic".
type Group struct {
	name        string
	checkpoints *checkpoints
	start       func(context.Context) (eventstore.Position, error)
	begun       func(*lease)
}

// GroupOptions says how a Group keeps its turns. The zero value is fit for use.
type GroupOptions struct {
	// Owner names this instance in the row; it must differ between instances. "" makes one up.
	Owner  string
	Timing Timing
	// Now is the machine's clock, time.Now if nil.
	Now    func() time.Time
	Logger *slog.Logger
}

// NewGroup is a group that starts at the beginning of its topics.
func NewGroup(pool *pgxpool.Pool, name string, options GroupOptions) *Group {
	return &Group{name: name, checkpoints: newCheckpoints(pool, options), start: fromStart}
}

func newCheckpoints(pool *pgxpool.Pool, options GroupOptions) *checkpoints {
	if options.Owner == "" {
		options.Owner = uuid.NewString()
	}
	options.Now = clockOr(options.Now)
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &checkpoints{
		pool: pool, owner: options.Owner, timing: options.Timing.withDefaults(), now: options.Now, logger: options.Logger,
	}
	c.flushes = flushes{write: c.flush, every: c.timing.Flush, limit: c.timing.Lease}
	return c
}

func clockOr(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now //nolint:forbidigo // the default of an option: intervals are real
	}
	return now
}

func fromStart(context.Context) (eventstore.Position, error) { return eventstore.Position{}, nil }

// Acquire waits until no other subscriber of the group has its turn.
func (g *Group) Acquire(ctx context.Context, topic string) (Turn, error) {
	name := g.name
	if topic != All {
		name += "/" + topic
	}
	for {
		taken, err := g.checkpoints.try(ctx, name, g.start)
		if err != nil {
			return nil, err
		}
		if taken != nil {
			if g.begun != nil {
				g.begun(taken)
			}
			return taken, nil
		}
		standby := pause{Backoff: Backoff{First: g.checkpoints.timing.Standby, Most: g.checkpoints.timing.Standby}}
		if !standby.wait(ctx.Done(), nil) {
			return nil, ctx.Err()
		}
	}
}
