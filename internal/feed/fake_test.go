package feed_test

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/feed"
)

var errDropped = errors.New("the fake dropped the subscription")

// fakeLog is a log in memory whose subscriptions can be made to drop.
type fakeLog struct {
	mu      sync.Mutex
	items   []feed.Item
	changed chan struct{}
	opened  int
	closed  int
	handed  int
	headErr error
	// asked is called before EventAt answers, if it is set.
	asked func()
	// drop is asked before the item of an index is handed out.
	drop func(index int) bool
}

func newFakeLog() *fakeLog { return &fakeLog{changed: make(chan struct{})} }

// typed says what an event of the fake is called: every tenth matters to nobody.
func typed(n int) string {
	if n%10 == 9 {
		return "test.ignored.v1"
	}
	return "test.counted.v1"
}

// eventID is the id of event n, which can be read back.
func eventID(n int) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	return id
}

func at(n int) eventstore.Position {
	return eventstore.Position{Commit: uint64(n+1) * 10, Prepare: uint64(n+1) * 10}
}

// add appends events numbered on from the last, of 16 streams, all at once, and returns the position of the last.
func (l *fakeLog) add(count int) eventstore.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range count {
		n := len(l.items)
		l.items = append(l.items, feed.Item{At: at(n), HasEvent: true, Event: eventstore.Recorded{
			ID: eventID(n), Stream: "s-" + strconv.Itoa(n%16), Revision: uint64(n / 16), Position: at(n),
			Type: typed(n), Data: []byte(strconv.Itoa(n)), Created: time.Unix(int64(n), 0),
		}})
	}
	l.notify()
	return l.items[len(l.items)-1].At
}

// checkpoint says that nothing follows up to a position.
func (l *fakeLog) checkpoint(p eventstore.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, feed.Item{At: p})
	l.notify()
}

func (l *fakeLog) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *fakeLog) counts() (opened, handed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened, l.handed
}

// open is how many subscriptions there are.
func (l *fakeLog) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened - l.closed
}

func (l *fakeLog) Open(ctx context.Context, _ string, after eventstore.Position) (feed.Stream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened++
	ctx, cancel := context.WithCancel(ctx)
	s := &fakeStream{log: l, ctx: ctx, cancel: cancel}
	for s.next < len(l.items) && !after.Less(l.items[s.next].At) {
		s.next++
	}
	return s, nil
}

func (l *fakeLog) End(context.Context) (eventstore.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.items) == 0 {
		return eventstore.Position{}, l.headErr
	}
	return l.items[len(l.items)-1].At, l.headErr
}

func (l *fakeLog) EventAt(_ context.Context, at eventstore.Position) (uuid.UUID, bool, error) {
	if l.asked != nil {
		l.asked()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.items {
		if l.items[i].HasEvent && l.items[i].At == at {
			return l.items[i].Event.ID, true, nil
		}
	}
	return uuid.Nil, false, nil
}

func (l *fakeLog) Head(context.Context) (eventstore.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.items) - 1; i >= 0; i-- {
		if l.items[i].HasEvent {
			return l.items[i].At, l.headErr
		}
	}
	return eventstore.Position{}, l.headErr
}

func (l *fakeLog) Next(_ context.Context, after eventstore.Position) (time.Time, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.items {
		if after.Less(l.items[i].At) && l.items[i].HasEvent {
			return l.items[i].Event.Created, true, nil
		}
	}
	return time.Time{}, false, nil
}

type fakeStream struct {
	log    *fakeLog
	ctx    context.Context
	cancel context.CancelFunc
	next   int
	closed bool
}

func (s *fakeStream) Recv() (feed.Item, error) {
	for {
		s.log.mu.Lock()
		if s.next < len(s.log.items) {
			defer s.log.mu.Unlock()
			if s.log.drop != nil && s.log.drop(s.next) {
				return feed.Item{}, errDropped
			}
			s.next++
			s.log.handed++
			return s.log.items[s.next-1], nil
		}
		changed := s.log.changed
		s.log.mu.Unlock()
		select {
		case <-changed:
		case <-s.ctx.Done():
			return feed.Item{}, s.ctx.Err()
		}
	}
}

func (s *fakeStream) Close() {
	s.cancel()
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.log.closed++
	}
}

// fakeTurns is one turn in memory that can be lost, and remembers how far it came.
type fakeTurns struct {
	mu     sync.Mutex
	passed eventstore.Position
	moved  chan eventstore.Position
	lost   chan struct{}
	taken  int
}

func newFakeTurns() *fakeTurns {
	return &fakeTurns{moved: make(chan eventstore.Position, 100_000), lost: make(chan struct{})}
}

func (f *fakeTurns) Acquire(context.Context, string) (feed.Turn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken++
	return &fakeTurn{fakeTurns: f, from: f.passed, lost: f.lost}, nil
}

func (f *fakeTurns) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.lost)
	f.lost = make(chan struct{})
}

type fakeTurn struct {
	*fakeTurns
	from eventstore.Position
	lost chan struct{}
}

func (t *fakeTurn) Position() eventstore.Position { return t.from }
func (t *fakeTurn) Lost() <-chan struct{}         { return t.lost }
func (t *fakeTurn) Release()                      {}

func (t *fakeTurn) Passed(p eventstore.Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed = p
	t.moved <- p
}

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// receive takes one value from a channel, or fails.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value, ok := <-from:
		if !ok {
			t.Fatal("the channel is closed")
		}
		return value
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}
