package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/node/store"
)

// TestRepeatedAppendAfterARestart: at an exact revision or NoStream a repetition gives the first result for ever; at
// any revision only as long as the process lives.
func TestRepeatedAppendAfterARestart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		expected store.Expected
		repeats  bool
	}{
		"no stream": {expected: store.NoStream, repeats: true},
		"revision":  {expected: 1, repeats: true},
		"any":       {expected: store.Any},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := vfs.NewMem()
			s, err := store.Open(store.Options{Dir: "log", FS: disk})
			if err != nil {
				t.Fatal(err)
			}
			if test.expected > store.NoStream {
				mustAppend(t, s, "s", store.NoStream, newEvents(2))
			}
			events := newEvents(3)
			first := mustAppend(t, s, "s", test.expected, events)
			mustAppend(t, s, "s", store.Any, newEvents(2))
			if again := mustAppend(t, s, "s", test.expected, events); again != first {
				t.Errorf("repeated: %+v, first: %+v", again, first)
			}
			last := s.Last()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, store.Options{Dir: "log", FS: disk})
			again := mustAppend(t, s, "s", test.expected, events)
			if test.repeats && (again != first || s.Last() != last) {
				t.Errorf("repeated after restart: %+v, first: %+v", again, first)
			}
			if !test.repeats && again == first {
				t.Error("an append at any revision was recognised after a restart: its documentation is wrong")
			}
		})
	}
}

// TestRacingRepetitions lets the same append race with itself: one copy, one answer.
func TestRacingRepetitions(t *testing.T) {
	t.Parallel()
	for name, expected := range map[string]store.Expected{"no stream": store.NoStream, "any": store.Any} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
			events := newEvents(2)
			results := make([]store.Result, 16)
			var group sync.WaitGroup
			for i := range results {
				group.Go(func() {
					var err error
					if results[i], err = s.Append(t.Context(), "s", expected, events); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			for _, result := range results {
				if result != (store.Result{Revision: 1, Position: 2}) {
					t.Errorf("result %+v", result)
				}
			}
			if s.Last() != 2 {
				t.Errorf("the log ends at %d", s.Last())
			}
		})
	}
}

// TestOneWriterWinsARevision lets many writers expect the same revision.
func TestOneWriterWinsARevision(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
	var mu sync.Mutex
	var group sync.WaitGroup
	won := 0
	for range 32 {
		group.Go(func() {
			_, err := s.Append(t.Context(), "s", store.NoStream, newEvents(1))
			var wrong *store.WrongRevisionError
			switch {
			case err == nil:
				mu.Lock()
				won++
				mu.Unlock()
			case !errors.As(err, &wrong) || wrong.Current != 0:
				t.Errorf("loser got %v", err)
			}
		})
	}
	group.Wait()
	if won != 1 {
		t.Errorf("%d writers won", won)
	}
}

// TestRepeatedMetadataThatWasReplaced: only the last event of a metastream can be read, so only that one has a position.
func TestRepeatedMetadataThatWasReplaced(t *testing.T) {
	t.Parallel()
	s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
	first, second := newEvents(1), newEvents(1)
	mustAppend(t, s, "$$s", store.NoStream, first)
	last := mustAppend(t, s, "$$s", 0, second)
	for _, expected := range []store.Expected{store.NoStream, store.Any} {
		if again := mustAppend(t, s, "$$s", expected, first); again != (store.Result{}) {
			t.Errorf("repeated at %d: %+v, want revision 0 without a position", expected, again)
		}
	}
	if again := mustAppend(t, s, "$$s", store.Any, second); again != last {
		t.Errorf("repeated: %+v, want %+v", again, last)
	}
}
