package persistent

import (
	"errors"
	"time"

	"am-user-management/internal/node/store"
)

// followPage is how many records are looked at in one go.
const followPage = 1024

// follow wakes subscriptions when the log gets an event that may concern them, until the subsystem stops. While there
// are none it rests.
func (s *Subsystem) follow() {
	var page store.Page
	position := uint64(0)
	for following := false; ; {
		some, changed := s.any()
		if !some {
			following = false
			select {
			case <-changed:
				continue
			case <-s.running.Done():
				return
			}
		}
		if !following {
			following = true
			position = s.store.Last()
			s.wakeAll()
		}
		if s.store.Wait(s.running, position) != nil {
			return
		}
		next, err := s.store.ReadForward(&page, position+1, followPage)
		switch {
		case errors.Is(err, store.ErrClosed):
			return
		case err != nil, !page.FromMemory:
			// Reading it all would only tell more exactly who is to look.
			following = false
		default:
			position = next - 1
			s.wake(page.Records)
		}
	}
}

// any tells whether there are subscriptions, and gives the channel that is closed when they change.
func (s *Subsystem) any() (bool, <-chan struct{}) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.ordered) > 0, s.changed
}

// wake wakes those subscriptions that the records may concern.
func (s *Subsystem) wake(records []*store.Record) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, subscription := range s.streams[AllStream] {
		subscription.wake()
	}
	for _, record := range records {
		stream := record.Stream
		for _, subscription := range s.streams[string(stream)] {
			subscription.wake()
		}
		// Metadata can make hidden events visible.
		if store.IsMetastream(string(stream)) {
			for _, subscription := range s.streams[string(stream[len(metastreamPrefix):])] {
				subscription.wake()
			}
		}
	}
}

func (s *Subsystem) wakeAll() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, subscription := range s.ordered {
		subscription.wake()
	}
}

// tick tells all subscriptions the time until the subsystem stops.
func (s *Subsystem) tick() {
	ticker := time.NewTicker(tickInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.tickAll()
		case <-s.running.Done():
			return
		}
	}
}

func (s *Subsystem) tickAll() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, subscription := range s.ordered {
		subscription.tick()
	}
}
