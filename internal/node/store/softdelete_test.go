package store_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/node/store"
)

// TestAppendOfNothingToADeletedStream: nothing is enough to create the stream anew, but not where no stream is expected:
// there is no event then to tell a new write from a repeated one.
func TestAppendOfNothingToADeletedStream(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		expected store.Expected
		refused  bool
	}{
		"any":           {expected: store.Any},
		"last revision": {expected: 1},
		"no stream":     {expected: store.NoStream, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, store.Options{Dir: "log", FS: vfs.NewMem()})
			mustAppend(t, s, "s", store.NoStream, newEvents(2))
			if _, err := s.Delete(t.Context(), "s", store.Any); err != nil {
				t.Fatal(err)
			}
			_, err := s.Append(t.Context(), "s", test.expected, nil)
			var wrong *store.WrongRevisionError
			if refused := errors.As(err, &wrong); refused != test.refused || err != nil && !refused {
				t.Errorf("append of nothing: %v", err)
			}
			view, err := s.Stream(t.Context(), "s")
			if err != nil {
				t.Fatal(err)
			}
			if view.Found() == test.refused || !test.refused && view.First != 2 {
				t.Errorf("stream is found: %v, from revision %d", view.Found(), view.First)
			}
		})
	}
}
