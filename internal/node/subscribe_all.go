package node

import (
	"math"

	"am-user-management/internal/node/access"
)

// allSubscription is a place in the whole log that moves on as events come. A subscriber that reads too slowly for
// what is kept in memory reads from disk until it has caught up again: nothing is dropped and nothing piles up.
type allSubscription struct {
	*reader

	wanted *filter
	// cursor is the position of the last record examined.
	cursor uint64
	// examined counts events since the last checkpoint.
	examined uint64
	// told is the position of the last event or checkpoint that was sent.
	told uint64
	live bool
}

// subscribeAll sends the matching events of positions higher than after, for ever, or until the caller may not read them
// any more.
func (r *reader) subscribeAll(after uint64, wanted *filter) error {
	s := &allSubscription{reader: r, wanted: wanted, cursor: after, told: after}
	if after == math.MaxUint64 {
		s.cursor, s.told = r.store.Last(), 0
	}
	if err := r.sendConfirmation(); err != nil {
		return err
	}
	for {
		next, err := r.store.ReadForward(&r.page, s.cursor+1, pageRecords)
		if err != nil {
			return err
		}
		if next == s.cursor+1 {
			if err := s.rest(); err != nil {
				return err
			}
			continue
		}
		if err := r.guard.Check(r.ctx, access.Read, allStream); err != nil {
			return err
		}
		s.live = s.live && r.page.FromMemory
		s.following = s.live
		if err := s.deliver(); err != nil {
			return err
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
}

// rest tells a subscriber that came to the end so, and waits for more. The checkpoint with which it tells how far that is comes
// besides those that are due by number.
func (s *allSubscription) rest() error {
	if !s.live {
		s.live = true
		if s.wanted.interval > 0 && s.cursor > s.told {
			if err := s.checkpoint(); err != nil {
				return err
			}
		}
		if err := s.sendCaughtUp(); err != nil {
			return err
		}
	}
	return s.store.Wait(s.ctx, s.cursor)
}

func (s *allSubscription) deliver() error {
	for _, record := range s.page.Records {
		s.cursor = record.Position
		if record.Void() {
			continue
		}
		s.examined++
		if visible(record) && s.wanted.matches(record) {
			if err := s.send(record); err != nil {
				return err
			}
			s.told = record.Position
		}
		if s.wanted.interval > 0 && s.examined >= s.wanted.interval {
			s.examined = 0
			if err := s.checkpoint(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *allSubscription) checkpoint() error {
	s.told = s.cursor
	return s.sendCheckpoint(s.cursor)
}
