package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/node/store"
)

// TestCloseUnderLoad closes a store while it is written and read: every call ends, with an answer or with ErrClosed,
// and what was answered is there afterwards.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	disk := vfs.NewMem()
	s := open(t, store.Options{Dir: "log", FS: disk})
	var mu sync.Mutex
	var done []acknowledged
	reached := make(chan struct{})
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for {
				events := newEvents(2)
				result, err := s.Append(t.Context(), "s", store.Any, events)
				if err != nil {
					if !errors.Is(err, store.ErrClosed) {
						t.Errorf("append while closing: %v", err)
					}
					return
				}
				mu.Lock()
				done = append(done, acknowledged{stream: "s", ids: idsOf(events), result: result})
				if len(done) == 200 {
					close(reached)
				}
				mu.Unlock()
			}
		})
		group.Go(func() {
			var page store.Page
			for {
				if _, err := s.Stream(t.Context(), "t"); err != nil {
					return
				}
				if _, err := s.ReadBackward(&page, 100, 10); err != nil {
					if !errors.Is(err, store.ErrClosed) {
						t.Errorf("read while closing: %v", err)
					}
					return
				}
			}
		})
	}
	<-reached
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	log := readLog(t, open(t, store.Options{Dir: "log", FS: disk}))
	checkNoGaps(t, log)
	for _, append := range done {
		checkThere(t, log, append)
	}
}
