// Package persistent keeps the node's persistent subscriptions: their definitions, which outlive the process, and
// the reading and writing that each group asks for. What a group decides is in package group; how all this looks on the
// wire is in package node.
//
// Groups cost next to nothing while nothing happens to them: one goroutine follows the log for all of them and wakes
// those that an event concerns, one more tells them the time, and a group has goroutines of its own only while it reads
// or writes.
//
// Delivery is at least once. A definition is durable when Create or Update returns; an event counts as done only when
// it was acknowledged, skipped, or durably parked; a checkpoint never passes an event that is not done.
package persistent

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// Options say what a subsystem works on. Store and Compile are required.
type Options struct {
	Store *store.Store
	// Compile makes a filter's test of which events of the whole log a group gets; nil stands for no filter. It returns
	// an error for an expression that does not compile.
	Compile func(*Filter) (func(*store.Record) bool, error)
	// Logger receives what the operator should know; nil discards it.
	Logger *slog.Logger
	// Clock gives the dates of definitions and parked events; nil means time.Now.
	Clock func() time.Time
	// Elapsed gives the time that has passed since any fixed moment, by which time-outs are measured; nil means the real
	// one.
	Elapsed func() time.Duration
}

// tickInterval is how often time-outs and checkpoints are looked at.
const tickInterval = time.Second

// Subsystem is all persistent subscriptions of a node. Its methods may be called from any goroutine.
type Subsystem struct {
	store   *store.Store
	compile func(*Filter) (func(*store.Record) bool, error)
	logger  *slog.Logger
	clock   func() time.Time
	elapsed func() time.Duration

	running context.Context
	stop    context.CancelFunc
	workers sync.WaitGroup

	// managing is held while definitions change.
	managing sync.Mutex

	mu sync.RWMutex
	// ordered are the subscriptions in the order of their creation, streams those to each stream.
	ordered []*subscription
	streams map[string][]*subscription
	// had are the streams that have had subscriptions since all were loaded.
	had map[string]bool
	// changed is closed and replaced when they change.
	changed chan struct{}
	// unready tells why the definitions could not be read. Nothing works until they can be.
	unready error
}

// Open takes up the subscriptions that the log defines. If their definitions cannot be read, every call gets the
// reason until Restart finds them readable.
func Open(options Options) *Subsystem {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Clock == nil {
		options.Clock = time.Now //nolint:forbidigo // the default of who runs a node of their own
	}
	if options.Elapsed == nil {
		start := time.Now() //nolint:forbidigo // real time is what the default measures
		options.Elapsed = func() time.Duration { return time.Since(start) }
	}
	s := &Subsystem{
		store: options.Store, compile: options.Compile, logger: options.Logger, clock: options.Clock,
		elapsed: options.Elapsed, changed: make(chan struct{}),
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.load()
	s.workers.Go(s.follow)
	s.workers.Go(s.tick)
	return s
}

// Close drops all consumers and writes down how far the groups came, while the store still runs.
func (s *Subsystem) Close() {
	s.managing.Lock()
	defer s.managing.Unlock()
	s.end(s.replace(nil), (*group.Group).Flush)
	s.stop()
	s.workers.Wait()
}

// Restart drops all consumers and takes up the subscriptions that the log defines anew, each where its checkpoint tells.
func (s *Subsystem) Restart() error {
	s.managing.Lock()
	defer s.managing.Unlock()
	s.end(s.replace(nil), asItIs)
	s.load()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.unready
}

// load fills the empty subsystem. An error is logged and kept.
func (s *Subsystem) load() {
	loaded, err := s.loadAll()
	s.mu.Lock()
	s.had = map[string]bool{}
	s.mu.Unlock()
	if err != nil {
		s.logger.Error("definitions of persistent subscriptions cannot be read", "error", err)
	}
	s.replace(loaded)
	s.mu.Lock()
	s.unready = err
	s.mu.Unlock()
}

func (s *Subsystem) loadAll() ([]*subscription, error) {
	definitions, err := s.loadDefinitions()
	if err != nil {
		return nil, err
	}
	loaded := make([]*subscription, 0, len(definitions))
	for _, definition := range definitions {
		subscription, err := s.loadSubscription(definition)
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, subscription)
	}
	return loaded, nil
}

// replace puts other subscriptions in place and returns those before.
func (s *Subsystem) replace(subscriptions []*subscription) []*subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.ordered
	s.ordered, s.streams = subscriptions, map[string][]*subscription{}
	for _, subscription := range subscriptions {
		stream := subscription.definition.Stream
		s.streams[stream] = append(s.streams[stream], subscription)
		s.had[stream] = true
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return before
}

// end ends subscriptions side by side, as each may have to wait for the disk.
func (s *Subsystem) end(subscriptions []*subscription, finish func(*group.Group)) {
	var ending sync.WaitGroup
	for _, subscription := range subscriptions {
		ending.Go(func() { subscription.end(finish) })
	}
	ending.Wait()
}

// asItIs leaves a group as far as its checkpoint tells. What was done since comes again, as it does from EventStoreDB.
func asItIs(*group.Group) {}

// beginning is asItIs for a group that is to begin at a number if it has no checkpoint.
func beginning(at int64) func(*group.Group) { return func(g *group.Group) { g.Begins(at) } }

// all returns the subscriptions of now, in the order of their creation.
func (s *Subsystem) all() ([]*subscription, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ordered, s.unready
}

func (s *Subsystem) find(stream, group string) (*subscription, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.unready != nil {
		return nil, s.unready
	}
	for _, subscription := range s.streams[stream] {
		if subscription.definition.Group == group {
			return subscription, nil
		}
	}
	return nil, &Error{Kind: NotFound, Stream: stream, Group: group}
}
