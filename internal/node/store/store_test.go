package store_test

import (
	"testing"

	"am-user-management/internal/node/store"
)

func open(t testing.TB, options store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
