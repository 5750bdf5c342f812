// Package feed carries events from the log to whoever reacts to them: projections that write rows, sagas that run
// commands. It exists so that no event is ever skipped, applied twice with an effect, or lost sight of when it fails.
//
// The way of an event: a catch-up subscription to the whole log → SharedLog (the projections that are up to date live
// on one subscription) → Subscriber (watermill's message.Subscriber; a message is a batch of whatever is there) →
// watermill's Router → one handler per projection → one Postgres transaction with the rows and the checkpoint. The
// effect is exactly-once because the checkpoint is compared and set in that transaction; leases only see to it that
// two instances do not both do the work. A projection that cannot apply an event halts there, visibly, until an
// operator retries or skips; it never goes on by itself.
//
// Positions lets a reader wait until a projection has applied a position, which is how a read follows a write.
//
// It imports the event store's client, pgx and watermill, and of this program only domain and eventstore; it is
// imported by cmd alone, and its Projection by tests of projections.
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options are what a Feed needs. Log, Decoder, Pool and Consumers are required.
type Options struct {
	Log       Log
	Decoder   Decoder
	Pool      *pgxpool.Pool // where checkpoints and read models are; the Feed opens a pool of its own like it
	Consumers []Consumer
	// Owner names this instance; it must differ between instances. "" makes one up.
	Owner  string
	Timing Timing
	// Subscriber tunes the batches and back-offs.
	Subscriber SubscriberOptions
	// Waiters is how many readers may wait at once, LongestWait how long one waits at most, Poll how often an
	// instance asks for the position of a projection that is active elsewhere while somebody waits for it.
	Waiters           int
	LongestWait, Poll time.Duration
	// Close is how long Run waits, when its context ends, for the batches being applied.
	Close time.Duration
	// Now is the machine's clock, time.Now if nil. Leases, lags and rates are real: no clock that a test moves.
	Now    func() time.Time
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Waiters <= 0 {
		o.Waiters = 10_000
	}
	if o.LongestWait <= 0 {
		o.LongestWait = 30 * time.Second
	}
	if o.Poll <= 0 {
		o.Poll = 20 * time.Millisecond
	}
	if o.Close <= 0 {
		o.Close = 10 * time.Second
	}
	o.Now = clockOr(o.Now)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Subscriber.Grace = o.Close
	return o
}

// Feed runs projections.
type Feed struct {
	options    Options
	pool       *pgxpool.Pool
	router     *message.Router
	projectors []*projector
	positions  *Positions
	log        Log
	rows       *checkpoints
	anchors    *anchors
	stopping   chan struct{}
	stopOnce   sync.Once
	rebuilding sync.WaitGroup
}

// New makes a Feed; Run starts it. Errors: a consumer without a name or with another's, a pool that cannot be made.
func New(ctx context.Context, options Options) (*Feed, error) {
	options = options.withDefaults()
	names, err := namesOf(options.Consumers)
	if err != nil {
		return nil, err
	}
	pool, err := ownPool(ctx, options.Pool, len(names))
	if err != nil {
		return nil, err
	}
	// What the router tells of its own doings is detail here.
	logger := watermill.NewSlogLoggerWithLevelMapping(options.Logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: options.Close + time.Second}, logger)
	if err != nil {
		pool.Close()
		return nil, err
	}
	router.AddMiddleware(middleware.Recoverer)
	f := &Feed{options: options, pool: pool, router: router, stopping: make(chan struct{})}
	f.log = NewSharedLog(options.Log, SharedOptions{}) // many projections, one subscription
	f.rows = newCheckpoints(pool, GroupOptions{
		Owner: options.Owner, Timing: options.Timing, Now: options.Now, Logger: options.Logger,
	})
	f.anchors = &anchors{pool: pool, log: f.log, logger: options.Logger}
	f.positions = newPositions(names, options,
		func(ctx context.Context) (map[string]row, error) { return f.rows.rows(ctx, names) })
	for _, consumer := range options.Consumers {
		f.add(consumer)
	}
	return f, nil
}

func namesOf(consumers []Consumer) ([]string, error) {
	seen := make(map[string]bool, len(consumers))
	names := make([]string, 0, len(consumers))
	for _, consumer := range consumers {
		name := consumer.Projection.Name()
		if name == "" || seen[name] {
			return nil, fmt.Errorf("projection name %q is empty or given twice", name)
		}
		seen[name] = true
		names = append(names, name)
	}
	return names, nil
}

// ownPool is a pool like another whose commits do not wait for the disk. That is safe for projections: rows and
// checkpoint are one transaction, so a crash of Postgres loses both or none, and what is lost is read from the log
// again. It is for nothing else, which is why the pool is the Feed's own.
func ownPool(ctx context.Context, like *pgxpool.Pool, projections int) (*pgxpool.Pool, error) {
	config := like.Config()
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	config.AfterConnect = nil // which may say otherwise
	// A batch and a lease each, and those who ask for rows.
	config.MaxConns = int32(2*projections + 2)
	config.MinConns = 0
	return pgxpool.NewWithConfig(ctx, config)
}

func (f *Feed) add(consumer Consumer) {
	name := consumer.Projection.Name()
	logger := f.options.Logger.With("projection", name)
	p := &projector{
		Consumer: consumer, name: name, decoder: f.options.Decoder, positions: f.positions, log: f.log,
		logger: logger, now: f.options.Now, stopping: f.stopping,
		halted: Backoff{First: 100 * time.Millisecond, Most: 2 * time.Second},
		meter:  meter{now: f.options.Now},
	}
	p.foreseen, _ = consumer.Projection.(Foreseen)
	p.group = &Group{name: name, checkpoints: f.rows, start: p.start, begun: p.begun}
	f.projectors = append(f.projectors, p)
	subscriber := f.options.Subscriber
	subscriber.Logger, subscriber.Wants = logger, consumer.Projection.Handles
	subscriber.Check = f.anchors.check
	f.router.AddConsumerHandler(name, All, NewSubscriber(f.log, p.group, subscriber), p.handle)
}

// Run projects until ctx ends, finishes the batches that are being applied, gives its turns to others and returns
// nil. It runs once.
func (f *Feed) Run(ctx context.Context) error {
	defer f.pool.Close()
	defer f.rebuilding.Wait()
	sweeping, stopSweeping := context.WithCancel(ctx)
	defer func() { // also where the router ends by itself
		stopSweeping()
		f.stopOnce.Do(func() { close(f.stopping) })
	}()
	unlink := context.AfterFunc(ctx, func() { f.stopOnce.Do(func() { close(f.stopping) }) })
	defer unlink()
	if len(f.projectors) == 0 {
		// The router ends when its handlers have; without any it has to be told.
		unlink := context.AfterFunc(ctx, func() { _ = f.router.Close() })
		defer unlink()
	}
	f.rebuilding.Go(func() { f.sweep(sweeping) })
	following, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopFollowing() // when all is applied that will be
	f.rebuilding.Go(func() { f.anchors.follow(following, f.positions.furthest) })
	err := f.router.Run(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// Running is closed when Run has started its projections.
func (f *Feed) Running() <-chan struct{} { return f.router.Running() }

// LogFault is ErrOtherLog if the log was found not to be the one that the tables were made from; projections stand still
// then, and go on when it is.
func (f *Feed) LogFault() error { return f.anchors.found() }

// Positions is how far the projections are, for readers that wait.
func (f *Feed) Positions() *Positions { return f.positions }
