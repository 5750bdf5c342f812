package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
)

const (
	// watched is a stream that nobody writes. Following it shows how long the event store's process lasts.
	watched = "log-guard"
	// guardPatience is how long a command waits for the log to be compared; guardPause is between two comparisons.
	guardPatience = 2 * time.Second
	guardPause    = 100 * time.Millisecond
)

// ErrNotCompared: the event store has not been compared with the tables since it was last reached.
var ErrNotCompared = errors.New("the event store is not known to be the right one yet")

// LogGuard keeps commands from a log that is not the one the tables were made from: it compares them whenever the event
// store was away, before the next command. An answer that was given on another log would be lost with that log, and
// an address that is taken in the right one would be free there.
type LogGuard struct {
	pool   *pgxpool.Pool
	log    Log
	logger *slog.Logger

	mu       sync.Mutex
	compared bool
	fault    error
	seen     eventstore.Position // what this process has been told of at most
	changed  chan struct{}
}

// NewLogGuard returns a guard that confirms nothing before Run has compared.
func NewLogGuard(pool *pgxpool.Pool, log Log, logger *slog.Logger) *LogGuard {
	return &LogGuard{pool: pool, log: log, logger: logger, changed: make(chan struct{})}
}

// Confirm returns nil if the log is the right one. Where that is being found out it waits a little. The errors are
// ErrOtherLog, ErrNotCompared and the context's.
func (g *LogGuard) Confirm(ctx context.Context) error {
	var patience <-chan time.Time
	for {
		g.mu.Lock()
		compared, fault, changed := g.compared, g.fault, g.changed
		g.mu.Unlock()
		if compared || fault != nil {
			return fault
		}
		if patience == nil {
			timer := time.NewTimer(guardPatience)
			defer timer.Stop()
			patience = timer.C
		}
		select {
		case <-changed:
		case <-patience:
			return ErrNotCompared
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Saw says that a position is known to be in the log: one that does not go so far is another one.
func (g *LogGuard) Saw(at eventstore.Position) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen.Less(at) {
		g.seen = at
	}
}

// Run compares, and again whenever the connection ends, until ctx does.
func (g *LogGuard) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := g.hold(ctx)
		if !errors.Is(err, ErrOtherLog) {
			err = nil
		}
		g.set(ctx, false, err)
		select {
		case <-time.After(guardPause):
		case <-ctx.Done():
		}
	}
}

// hold returns when the store that was compared is gone, or what keeps it from being compared. It follows first and
// compares then: what was compared is what it follows.
func (g *LogGuard) hold(ctx context.Context) error {
	stream, err := g.log.Open(ctx, watched, eventstore.Position{})
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := SameLog(ctx, g.pool, g.log); err != nil {
		return err
	}
	if err := g.holdsWhatWasSeen(ctx); err != nil {
		return err
	}
	g.set(ctx, true, nil)
	for err == nil {
		_, err = stream.Recv()
	}
	return err
}

func (g *LogGuard) holdsWhatWasSeen(ctx context.Context) error {
	g.mu.Lock()
	seen := g.seen
	g.mu.Unlock()
	end, err := g.log.End(ctx)
	if err == nil && end.Less(seen) {
		err = fmt.Errorf("%w: it ends at %s and was seen up to %s", ErrOtherLog, positionText(end), positionText(seen))
	}
	return err
}

func (g *LogGuard) set(ctx context.Context, compared bool, fault error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if fault != nil && g.fault == nil {
		g.logger.ErrorContext(ctx, "commands are refused", "error", fault)
	}
	if !compared && fault == nil && g.fault != nil {
		fault = g.fault // until the contrary is known
	}
	g.compared, g.fault = compared, fault
	close(g.changed)
	g.changed = make(chan struct{})
}
