package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"am-user-management/internal/node/store"
)

// history is what writers asked for and what they were answered.
type history struct {
	mu      sync.Mutex
	streams map[store.ID]string // of each event that was sent
	sent    [][]store.ID        // by append
	acked   [][]store.ID        // in the order of the answers
}

func newHistory() *history { return &history{streams: map[store.ID]string{}} }

// append sends n events and notes the answer.
func (h *history) append(ctx context.Context, to appender, stream string, n int) {
	events := newEvents(n)
	for i := range events {
		events[i].Data = make([]byte, 200)
	}
	ids := idsOf(events)
	h.mu.Lock()
	h.sent = append(h.sent, ids)
	for _, id := range ids {
		h.streams[id] = stream
	}
	h.mu.Unlock()
	if _, err := to.Append(ctx, stream, store.Any, events); err == nil {
		h.mu.Lock()
		h.acked = append(h.acked, ids)
		h.mu.Unlock()
	}
}

func (h *history) acknowledged() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.acked)
}

// check opens what an outage left. Acknowledged ⊆ recovered ⊆ sent, each append is there whole or not at all, the log
// is the front of the one that went on, and it can be written on.
func (h *history) check(t *testing.T, cut outage, whole []entry) error {
	t.Helper()
	s, err := store.Open(store.Options{Dir: "data/log", FS: cut.disk, MemTableBytes: smallTables})
	if err != nil {
		return err
	}
	log, err := tryLog(s)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	if err := errors.Join(h.checkLog(log, cut.acknowledged), s.Close()); err != nil {
		return err
	}
	if len(log) > len(whole) || !slices.Equal(log, whole[:len(log)]) {
		return errors.New("the recovered log is not the front of the one that went on")
	}
	if _, err := store.Verify(t.Context(), store.Options{Dir: "data/log", FS: cut.disk}); err != nil {
		return err
	}
	if s, err = store.Open(store.Options{Dir: "data/log", FS: cut.disk}); err != nil {
		return err
	}
	result, err := s.Append(t.Context(), "s-0", store.Any, newEvents(1))
	if err == nil && result.Position != uint64(len(log)+1) {
		err = fmt.Errorf("the first append after the outage got position %d, not %d", result.Position, len(log)+1)
	}
	return errors.Join(err, s.Close())
}

func (h *history) checkLog(log []entry, acknowledged int) error {
	places := make(map[store.ID]int, len(log))
	next := map[string]uint64{}
	for i, e := range log {
		switch {
		case e.position != uint64(i+1):
			return fmt.Errorf("entry %d has position %d", i, e.position)
		case e.revision != next[e.stream]:
			return fmt.Errorf("%s goes from revision %d to %d", e.stream, next[e.stream], e.revision)
		case h.streams[e.id] != e.stream:
			return fmt.Errorf("event %x at position %d was not sent to %s", e.id, e.position, e.stream)
		}
		if first, twice := places[e.id]; twice {
			return fmt.Errorf("event %x is at positions %d and %d", e.id, first+1, i+1)
		}
		next[e.stream]++
		places[e.id] = i
	}
	for _, ids := range h.acked[:acknowledged] {
		for _, id := range ids {
			if _, there := places[id]; !there {
				return fmt.Errorf("event %x to %s was acknowledged and is lost", id, h.streams[id])
			}
		}
	}
	for _, ids := range h.sent {
		first, some := places[ids[0]]
		for i, id := range ids {
			if place, there := places[id]; there != some || there && place != first+i {
				return fmt.Errorf("an append to %s is there in part", h.streams[id])
			}
		}
	}
	return nil
}
