package store_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

// TestWatchedStreamsAreNoticed: every way to change a watched stream counts when it is answered, other changes do not.
func TestWatchedStreamsAreNoticed(t *testing.T) {
	t.Parallel()
	s, err := store.Open(store.Options{
		Dir: "log", FS: vfs.NewMem(), Watch: func(stream string) bool { return strings.HasPrefix(stream, "$") },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	write := func(stream string) func() error {
		return func() error {
			_, err := s.Append(t.Context(), stream, store.Any, []store.Event{{ID: store.ID(uuid.New()), Type: "t", JSON: true, Data: []byte(`{}`)}})
			return err
		}
	}
	for _, c := range []struct {
		name    string
		do      func() error
		noticed bool
	}{
		{"append elsewhere", write("s"), false},
		{"append", write("$s"), true},
		{"append metadata", write("$$s"), true},
		{"soft delete, which writes metadata", func() error { _, err := s.Delete(t.Context(), "s", store.Any); return err }, true},
		{"re-creation, which writes metadata", write("s"), true},
		{"append elsewhere again", write("s"), false},
		{"tombstone", func() error { _, err := s.Tombstone(t.Context(), "$s", store.Any); return err }, true},
		{"tombstone elsewhere", func() error { _, err := s.Tombstone(t.Context(), "s", store.Any); return err }, false},
	} {
		before := s.Watched()
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		if noticed := s.Watched() != before; noticed != c.noticed {
			t.Errorf("%s: noticed %v, want %v", c.name, noticed, c.noticed)
		}
	}
}
