package node

import (
	"math"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// beforeFirst stands for a subscription to a stream from its beginning, atEnd for one to what is yet to come.
const (
	beforeFirst = -1
	atEnd       = math.MaxInt64
)

// streamSubscription is a place in one stream that moves on as events come.
type streamSubscription struct {
	*reader

	name string
	// seen is the last revision sent, or the one after which the subscriber asked to start.
	seen int64
	// cursor is the log position up to which the stream has been looked at.
	cursor uint64
	// missing tells that there was no stream to catch up with. Its subscriber has not caught up before there is one.
	missing bool
	live    bool
}

// subscribeStream sends the stream's events of revisions higher than after, for ever, or until the caller may not read them
// any more. Who asks for what is yet to come has caught up at once, whatever has become of the stream.
func (r *reader) subscribeStream(name string, after int64) error {
	view, err := r.store.Stream(r.ctx, name)
	if err != nil {
		return err
	}
	if view.Tombstoned && after != atEnd {
		return streamDeleted(r.call.Context(), name)
	}
	if err := r.sendConfirmation(); err != nil {
		return err
	}
	if view.Tombstoned {
		return r.subscribeToNothing()
	}
	s := &streamSubscription{reader: r, name: name, seen: after, cursor: view.Position}
	if after == atEnd {
		s.seen = view.Last
	} else if err := s.catchUp(view); err != nil {
		return err
	}
	for {
		if err := s.follow(); err != nil {
			return err
		}
		if view, err = r.store.Stream(r.ctx, name); err != nil {
			return err
		}
		if view.Tombstoned {
			return streamDeleted(r.call.Context(), name)
		}
		if err := s.catchUp(view); err != nil {
			return err
		}
	}
}

// subscribeToNothing waits with a subscriber for what cannot come.
func (r *reader) subscribeToNothing() error {
	if err := r.sendCaughtUp(); err != nil {
		return err
	}
	<-r.ctx.Done()
	return r.ctx.Err()
}

// catchUp sends what the stream holds beyond the last revision sent.
func (s *streamSubscription) catchUp(view *store.Stream) error {
	s.cursor, s.following = view.Position, false
	if s.missing = !view.Found(); s.missing {
		s.seen = max(s.seen, view.Last)
		return nil
	}
	for from := max(s.seen+1, view.First); from <= view.Last; {
		to := min(from+pageRecords-1, view.Last)
		if err := s.store.ReadStream(&s.page, view, from, to, false); err != nil {
			return err
		}
		if err := s.guard.Check(s.ctx, access.Read, s.name); err != nil {
			return err
		}
		if _, err := s.sendPage(math.MaxInt64); err != nil {
			return err
		}
		s.seen = to
		from = to + 1
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// follow sends the stream's new events as they become durable. It returns nil when the subscriber has fallen behind
// what is kept in memory.
func (s *streamSubscription) follow() error {
	s.following = true
	for {
		next, err := s.store.ReadForward(&s.page, s.cursor+1, pageRecords)
		if err != nil {
			return err
		}
		if !s.page.FromMemory {
			s.live = false
			return nil
		}
		if err := s.guard.Check(s.ctx, access.Read, s.name); err != nil {
			return err
		}
		for _, record := range s.page.Records {
			if err := s.deliver(record); err != nil {
				return err
			}
		}
		if next > s.cursor+1 {
			s.cursor = next - 1
			continue
		}
		if !s.live && !s.missing {
			s.live = true
			if err := s.sendCaughtUp(); err != nil {
				return err
			}
		}
		if err := s.store.Wait(s.ctx, s.cursor); err != nil {
			return err
		}
	}
}

// deliver sends a record if it is a new one of this stream. The tombstone is the last, and does not show where there was no
// stream before.
func (s *streamSubscription) deliver(record *store.Record) error {
	if record.Void() || string(record.Stream) != s.name || int64(record.Revision) <= s.seen {
		return nil
	}
	if s.missing && record.Revision == store.TombstoneRevision {
		return streamDeleted(s.call.Context(), s.name)
	}
	s.missing = false
	s.seen = int64(record.Revision)
	if err := s.send(record); err != nil {
		return err
	}
	if record.Revision == store.TombstoneRevision {
		return streamDeleted(s.call.Context(), s.name)
	}
	return nil
}
