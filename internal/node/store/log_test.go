package store_test

import (
	"testing"

	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

// acknowledged is an append that the store has answered.
type acknowledged struct {
	stream string
	ids    []store.ID
	result store.Result
}

func checkThere(t *testing.T, log []entry, append acknowledged) {
	t.Helper()
	for i, id := range append.ids {
		position := append.result.Position - uint64(len(append.ids)-1-i)
		if position > uint64(len(log)) || log[position-1].id != id || log[position-1].stream != append.stream {
			t.Fatalf("acknowledged event %x at position %d is lost", id, position)
		}
	}
}

// checkNoGaps fails unless positions and every stream's revisions count up by one.
func checkNoGaps(t *testing.T, log []entry) {
	t.Helper()
	next := map[string]uint64{}
	for i, e := range log {
		if e.position != uint64(i+1) {
			t.Fatalf("entry %d has position %d", i, e.position)
		}
		if e.revision != next[e.stream] {
			t.Fatalf("%s goes from revision %d to %d", e.stream, next[e.stream], e.revision)
		}
		next[e.stream]++
	}
}

// entry is one event of the log as read back.
type entry struct {
	stream   string
	id       store.ID
	revision uint64
	position uint64
}

func readLog(t testing.TB, s *store.Store) []entry {
	t.Helper()
	log, err := tryLog(s)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func tryLog(s *store.Store) ([]entry, error) {
	var log []entry
	var page store.Page
	for position := uint64(1); position <= s.Last(); {
		next, err := s.ReadForward(&page, position, 100)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			log = append(log, entry{stream: string(r.Stream), id: r.ID, revision: r.Revision, position: r.Position})
		}
		position = next
	}
	return log, nil
}

func newEvents(n int) []store.Event {
	events := make([]store.Event, n)
	for i := range events {
		events[i] = store.Event{ID: store.ID(uuid.New()), Type: "t", JSON: true, Data: []byte(`{"n":1}`)}
	}
	return events
}

func idsOf(events []store.Event) []store.ID {
	ids := make([]store.ID, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	return ids
}

func mustAppend(t testing.TB, s *store.Store, stream string, expected store.Expected, events []store.Event) store.Result {
	t.Helper()
	result, err := s.Append(t.Context(), stream, expected, events)
	if err != nil {
		t.Fatalf("append to %s at %d: %v", stream, expected, err)
	}
	return result
}
