package feed

import (
	"context"
	"errors"

	"am-user-management/internal/eventstore"
)

// errForgotten: what follows a position is not remembered any more.
var errForgotten = errors.New("not remembered any more")

// sharedStream is a stream of a SharedLog: it follows the reading, or while that does not cover its position, a
// subscription of its own.
type sharedStream struct {
	ctx    context.Context //nolint:containedctx // a stream is a call that goes on
	cancel context.CancelFunc
	ended  chan struct{} // closed when nothing is left of the stream
	log    Log
	shared *reading

	at   eventstore.Position // after the last item received
	next uint64              // the number in the ring of the first item that may be after at

	// Guarded by the reading.
	own    Stream // nil while the stream follows the reading
	closed bool
}

// newSharedStream makes a stream that leaves the reading when it is closed or ctx ends.
func newSharedStream(ctx context.Context, log Log, shared *reading, leave func(*reading), after eventstore.Position) *sharedStream {
	s := &sharedStream{ended: make(chan struct{}), log: log, shared: shared, at: after}
	s.ctx, s.cancel = context.WithCancel(ctx)
	context.AfterFunc(s.ctx, func() {
		defer close(s.ended)
		s.end()
		leave(shared)
	})
	return s
}

// Close ends the stream.
func (s *sharedStream) Close() {
	s.cancel()
	<-s.ended
}

func (s *sharedStream) end() {
	s.shared.mu.Lock()
	s.closed = true
	s.part()
	s.shared.mu.Unlock()
	s.shared.news.Broadcast()
}

// part ends the stream's own subscription. It is called with the reading's lock held.
func (s *sharedStream) part() {
	if s.own != nil {
		s.own.Close()
		s.own = nil
	}
}

// begin waits for the reading to begin, and subscribes for this stream alone if that began, or remembers, too late.
func (s *sharedStream) begin() error {
	select {
	case <-s.shared.started:
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	s.shared.mu.Lock()
	covered, err := s.shared.ring.covers(s.at), s.shared.err
	s.next = s.shared.ring.seek(s.at)
	s.shared.mu.Unlock()
	if err == nil && !covered {
		_, err = s.catchUp()
	}
	return err
}

// catchUp subscribes for this stream alone.
func (s *sharedStream) catchUp() (Stream, error) {
	own, err := s.log.Open(s.ctx, All, s.at)
	if err != nil {
		return nil, err
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	s.own = own
	if s.closed {
		s.part()
		return nil, s.ctx.Err()
	}
	return own, nil
}

// Recv waits for the next item.
func (s *sharedStream) Recv() (Item, error) {
	item, own, err := s.recent()
	if errors.Is(err, errForgotten) {
		own, err = s.catchUp()
	}
	if err != nil || own == nil {
		return item, err
	}
	item, err = own.Recv()
	if err != nil {
		return Item{}, err
	}
	s.at = item.At
	s.caughtUp()
	return item, nil
}

// recent waits for the next item of the reading; while the stream has a subscription of its own it returns that.
// errForgotten: the stream fell behind what is remembered.
func (s *sharedStream) recent() (Item, Stream, error) {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	for ring := &s.shared.ring; ; {
		switch {
		case s.closed:
			return Item{}, nil, s.ctx.Err()
		case s.own != nil:
			return Item{}, s.own, nil
		case !ring.covers(s.at):
			return Item{}, nil, errForgotten
		}
		for s.next = max(s.next, ring.oldest); s.next < ring.next; {
			item := *ring.item(s.next)
			s.next++
			if s.at.Less(item.At) { // else the stream was ahead of the reading
				s.at = item.At
				return item, nil, nil
			}
		}
		if s.shared.err != nil {
			return Item{}, nil, s.shared.err
		}
		s.shared.news.Wait()
	}
}

// caughtUp goes over from the stream's own subscription to the reading, if that covers the position by now. The
// reading delivers exactly what is after the position, which the own subscription has not delivered.
func (s *sharedStream) caughtUp() {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	ring := &s.shared.ring
	if !ring.covers(s.at) {
		return
	}
	if next := ring.seek(s.at); ring.recent(next) {
		s.next = next
		s.part()
	}
}
