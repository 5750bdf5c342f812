package store_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"am-user-management/internal/node/store"
)

// brokenSync lets every sync of the write-ahead log fail once it is switched on.
func brokenSync(cause error) (*errorfs.Toggle, vfs.FS) {
	injector := errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			if strings.HasSuffix(op.Path, ".log") {
				return cause
			}
		}
		return nil
	})
	toggle := &errorfs.Toggle{Injector: injector}
	return toggle, errorfs.Wrap(vfs.NewMem(), toggle)
}

// TestFailedSyncStopsTheStore breaks the disk under load: nothing is acknowledged from then on, nothing unsynced
// becomes visible, and the owner is told.
func TestFailedSyncStopsTheStore(t *testing.T) {
	t.Parallel()
	cause := errors.New("no sync")
	toggle, disk := brokenSync(cause)
	s, err := store.Open(store.Options{Dir: "log", FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "a", store.NoStream, newEvents(1))
	durable := s.Last()
	toggle.On()
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if _, err := s.Append(t.Context(), "a", store.Any, newEvents(1)); !errors.Is(err, store.ErrFailed) {
				t.Errorf("append on a broken disk answered %v", err)
			}
		})
	}
	group.Wait()
	<-s.Failed()
	if !errors.Is(s.Err(), cause) {
		t.Errorf("reported cause is %v", s.Err())
	}
	toggle.Off()
	if _, err := s.Append(t.Context(), "a", store.Any, newEvents(1)); !errors.Is(err, store.ErrFailed) {
		t.Errorf("append after the failure answered %v", err)
	}
	if s.Last() != durable {
		t.Errorf("readers see up to %d, durable is %d", s.Last(), durable)
	}
	if err := s.Wait(t.Context(), durable); !errors.Is(err, store.ErrFailed) {
		t.Errorf("wait after the failure answered %v", err)
	}
	_ = s.Close() // whatever Pebble makes of its broken log, closing must return
}

func TestSecondOpenIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, store.Options{Dir: dir})
	_, err := store.Open(store.Options{Dir: dir})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second open answered %v", err)
	}
	mustAppend(t, s, "a", store.NoStream, newEvents(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, store.Options{Dir: dir})
	if again.Last() != 1 {
		t.Errorf("after opening again the log ends at %d", again.Last())
	}
}
