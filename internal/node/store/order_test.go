package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/node/store"
)

// TestFollowersSeeTheLogInOrder runs 64 writers against a follower that wakes at each commit: it sees every position
// once and in order, and later readers see the same.
func TestFollowersSeeTheLogInOrder(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Dir: t.TempDir()})
	const writers, appends = 64, 40
	total := uint64(0)
	for i := range appends {
		total += uint64(writers * (1 + i%3))
	}
	followed := make(chan []entry, 1)
	go func() {
		var log []entry
		var page store.Page
		for cursor := uint64(0); cursor < total; {
			if err := s.Wait(t.Context(), cursor); err != nil {
				t.Error(err)
				break
			}
			next, err := s.ReadForward(&page, cursor+1, 50)
			if err != nil {
				t.Error(err)
				break
			}
			for _, r := range page.Records {
				log = append(log, entry{stream: string(r.Stream), id: r.ID, revision: r.Revision, position: r.Position})
			}
			cursor = next - 1
		}
		followed <- log
	}()
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range appends {
				if _, err := s.Append(t.Context(), fmt.Sprintf("s-%d", w%10), store.Any, newEvents(1+i%3)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	log := <-followed
	checkNoGaps(t, log)
	if later := readLog(t, s); !slices.Equal(later, log) || uint64(len(log)) != total {
		t.Errorf("the follower saw %d events, a later reader %d, in another order or number", len(log), len(later))
	}
}

// TestAnsweredWriteIsReadable reads each write as soon as it is answered, from the stream and from the log.
func TestAnsweredWriteIsReadable(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Dir: t.TempDir()})
	var group sync.WaitGroup
	for w := range 16 {
		group.Go(func() {
			var page store.Page
			for i := range int64(50) {
				stream := fmt.Sprintf("s-%d", w)
				result, err := s.Append(t.Context(), stream, store.Expected(i-1), newEvents(1))
				if err != nil {
					t.Error(err)
					return
				}
				view, err := s.Stream(t.Context(), stream)
				if err != nil || view.Last != i {
					t.Errorf("stream ends at %d after revision %d was answered (%v)", view.Last, i, err)
				}
				if err := s.ReadStream(&page, view, i, i, false); err != nil || len(page.Records) != 1 {
					t.Errorf("revision %d was answered but is not readable (%v)", i, err)
				}
				if s.Last() < result.Position {
					t.Errorf("position %d was answered but the log ends at %d", result.Position, s.Last())
				}
			}
		})
	}
	group.Wait()
}

// TestLogOutgrowsMemory reads a log from its start that is larger than what is kept for live subscribers, by number
// and by bytes.
func TestLogOutgrowsMemory(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ appends, events, bytes int }{
		"many": {appends: 50, events: 400, bytes: 10},
		"big":  {appends: 30, events: 1, bytes: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
			for i := range test.appends {
				events := newEvents(test.events)
				events[0].Data = make([]byte, test.bytes)
				mustAppend(t, s, fmt.Sprintf("s-%d", i%3), store.Any, events)
			}
			log := readLog(t, s)
			checkNoGaps(t, log)
			if len(log) != test.appends*test.events {
				t.Errorf("log has %d events, want %d", len(log), test.appends*test.events)
			}
		})
	}
}
