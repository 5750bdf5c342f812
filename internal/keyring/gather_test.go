package keyring_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/domain"
)

// TestManyAskForKeysAtOnce: whoever shares a statement gets the keys asked for, and nobody's end is another's.
func TestManyAskForKeysAtOnce(t *testing.T) {
	ring := openRing(t, migrated(t), time.Now)
	gone := domain.ID(uuid.New())
	if err := ring.Destroy(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	shared := domain.ID(uuid.New())
	var group sync.WaitGroup
	var mu sync.Mutex
	seen := map[domain.ID]bool{}
	for n := range 3000 {
		group.Go(func() {
			switch n % 100 {
			case 1:
				if keys, err := ring.Active(cancelled, domain.ID(uuid.New())); err == nil && len(keys) != 1 {
					t.Errorf("%d keys", len(keys))
				}
				return
			case 2:
				if _, err := ring.Active(t.Context(), gone, domain.ID(uuid.New())); err == nil {
					t.Error("a destroyed key was given out")
				}
				return
			}
			own := domain.ID(uuid.New())
			keys, err := ring.Active(t.Context(), own, shared)
			if err != nil || len(keys) != 2 || keys[0].ID.IsZero() || keys[0].ID == keys[1].ID {
				t.Errorf("got %d keys, %v", len(keys), err)
				return
			}
			again, err := ring.ByID(t.Context(), keys[0].ID)
			if err != nil || again[0].ID != keys[0].ID {
				t.Errorf("the key cannot be found again: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[keys[0].ID] {
				t.Error("two subjects have one key")
			}
			seen[keys[0].ID] = true
		})
	}
	group.Wait()
	if _, err := ring.Active(cancelled, domain.ID(uuid.New())); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
}
