package store_test

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"am-user-management/internal/node/store"
)

// TestFailedSyncIsNotRepeated: a system may forget that it could not write a page, and answer a second sync with success.
func TestFailedSyncIsNotRepeated(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	broken := false
	syncs := map[string]int{} // by file, since it broke
	disk := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			mu.Lock()
			defer mu.Unlock()
			if broken && strings.HasSuffix(op.Path, ".log") {
				syncs[op.Path]++
				return syscall.EIO
			}
		}
		return nil
	}))
	s, err := store.Open(store.Options{Dir: "log", FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "a", store.NoStream, newEvents(1))
	mu.Lock()
	broken = true
	mu.Unlock()
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if _, err := s.Append(t.Context(), "a", store.Any, newEvents(1)); !errors.Is(err, store.ErrFailed) || !errors.Is(err, syscall.EIO) {
				t.Errorf("append answered %v", err)
			}
		})
	}
	group.Wait()
	_ = s.Close() // whatever Pebble makes of its broken log, closing must return
	mu.Lock()
	defer mu.Unlock()
	if len(syncs) != 1 || syncs[newest(syncs)] != 1 {
		t.Errorf("syncs since the disk had failed: %v", syncs)
	}
}

func newest(files map[string]int) string { return slices.Max(slices.Collect(maps.Keys(files))) }

// smallDisk is full while it is told so: nothing can be made, and nothing grows, if it is of one of the kinds.
type smallDisk struct {
	full  atomic.Bool
	kinds []string // suffixes; none for all
}

// MaybeError is called before each operation.
func (d *smallDisk) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpMkdirAll, errorfs.OpFilePreallocate:
	default:
		return nil
	}
	if !d.full.Load() {
		return nil
	}
	for _, kind := range d.kinds {
		if strings.HasSuffix(op.Path, kind) {
			return syscall.ENOSPC
		}
	}
	if len(d.kinds) == 0 {
		return syscall.ENOSPC
	}
	return nil
}

func (d *smallDisk) String() string { return "small disk" }

// TestFullDisk fills the disk under load, altogether and for one kind of file only: writers are told, nothing that was
// acknowledged is lost, a start says at once what is wrong, and as soon as there is room everything goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for title, kinds := range map[string][]string{"altogether": nil, "for tables": {".sst"}, "for write-ahead logs": {".log"}} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			small := &smallDisk{kinds: kinds}
			disk := errorfs.Wrap(vfs.NewMem(), small)
			options := store.Options{Dir: "log", FS: disk, MemTableBytes: smallTables}
			s, err := store.Open(options)
			if err != nil {
				t.Fatal(err)
			}
			acked := appendUntilRefused(t, s, func(n int) {
				if n == 300 {
					small.full.Store(true)
				}
			})
			if _, err := s.Append(t.Context(), "a", store.Any, newEvents(1)); !errors.Is(err, store.ErrFailed) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("append on a full disk answered %v", err)
			}
			<-s.Failed()
			_ = s.Close() // whatever Pebble makes of a full disk, closing must return

			if s, err := store.Open(options); err == nil {
				// There was nothing to write at the start. Then the first write says so.
				_, err := s.Append(t.Context(), "a", store.Any, []store.Event{{ID: newEvents(1)[0].ID, Type: "t", Data: make([]byte, 1<<20)}})
				t.Logf("opened on a full disk: %v", err)
				_ = s.Close()
			} else if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "log") || !strings.Contains(err.Error(), "of free space to start") {
				t.Errorf("opening on a full disk answered %v", err)
			}

			small.full.Store(false)
			if s, err = store.Open(options); err != nil {
				t.Fatal(err)
			}
			log := readLog(t, s)
			checkNoGaps(t, log)
			for _, append := range acked {
				checkThere(t, log, append)
			}
			mustAppend(t, s, "a", store.Any, newEvents(1))
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// tightDisk has so much free space left, by what it says.
type tightDisk struct {
	vfs.FS
	free uint64
}

func (d tightDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: d.free}, nil
}

// TestAFullDiskIsToldHowMuchRoomIsNeeded: first by a fresh log, then by one that has something to make tables of.
func TestAFullDiskIsToldHowMuchRoomIsNeeded(t *testing.T) {
	t.Parallel()
	small := &smallDisk{}
	disk := tightDisk{FS: errorfs.Wrap(vfs.NewMem(), small), free: 3 << 20}
	options := store.Options{Dir: "log", FS: disk, MemTableBytes: 10 << 20}
	refused := func(needs int64) {
		t.Helper()
		small.full.Store(true)
		defer small.full.Store(false)
		_, err := store.Open(options)
		full, ok := errors.AsType[*store.NoRoomError](err)
		if !ok || !errors.Is(err, syscall.ENOSPC) || full.Needs < needs || full.Needs > needs+2<<20 || full.Free != 3<<20 {
			t.Fatalf("a start answered %v", err)
		}
		if want := fmt.Sprintf("needs %.1f MiB of free space to start, there are 3.0 MiB", float64(full.Needs)/(1<<20)); strings.Count(err.Error(), want) != 1 {
			t.Errorf("%q does not say once %q", err, want)
		}
	}
	const walBytes = 11 << 20
	refused(walBytes)
	s, err := store.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	event := newEvents(1)
	event[0].Data = make([]byte, 1<<20)
	for range 5 {
		event[0].ID = newEvents(1)[0].ID
		mustAppend(t, s, "a", store.Any, event)
	}
	small.full.Store(true)
	for err == nil {
		event[0].ID = newEvents(1)[0].ID
		_, err = s.Append(t.Context(), "a", store.Any, event)
	}
	if _, ok := errors.AsType[*store.NoRoomError](err); !ok {
		t.Errorf("a writer is told %v", err)
	}
	_ = s.Close() // it has failed
	refused(walBytes + 5<<20)
}

// appendUntilRefused appends from several writers and returns what was acknowledged. It calls each after each answer.
func appendUntilRefused(t *testing.T, s *store.Store, each func(answered int)) []acknowledged {
	t.Helper()
	var mu sync.Mutex
	var acked []acknowledged
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				stream, events := fmt.Sprintf("s-%d", (w+i)%5), newEvents(1+i%3)
				for j := range events {
					events[j].Data = make([]byte, 500)
				}
				result, err := s.Append(t.Context(), stream, store.Any, events)
				if err != nil {
					return
				}
				mu.Lock()
				acked = append(acked, acknowledged{stream: stream, ids: idsOf(events), result: result})
				each(len(acked))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return acked
}

// TestNewFolderSurvivesAPowerCut: a log is of no use if the entry of its folder is lost.
func TestNewFolderSurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	options := store.Options{Dir: path.Join("new", "folders", "log"), FS: disk}
	s := open(t, options)
	mustAppend(t, s, "a", store.NoStream, newEvents(1))
	options.FS = disk.CrashClone(vfs.CrashCloneCfg{})
	if log := readLog(t, open(t, options)); len(log) != 1 {
		t.Errorf("%d events are left of 1", len(log))
	}
}

// TestManifestThatIsNotSynced fails where Pebble goes on: it removes what the manifest that it could not write does not
// need any more.
func TestManifestThatIsNotSynced(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	var broken atomic.Bool
	disk := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		sync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
		if sync && broken.Load() && strings.Contains(op.Path, "MANIFEST") {
			return syscall.EIO
		}
		return nil
	}))
	s, err := store.Open(store.Options{Dir: "log", FS: disk, MemTableBytes: smallTables})
	if err != nil {
		t.Fatal(err)
	}
	acked := appendUntilRefused(t, s, func(n int) { broken.Store(n >= 300) })
	_ = s.Close() // whatever Pebble makes of its broken manifest, closing must return
	if !errors.Is(s.Err(), syscall.EIO) {
		t.Errorf("the store stopped for %v", s.Err())
	}
	after := open(t, store.Options{Dir: "log", FS: mem.CrashClone(vfs.CrashCloneCfg{})})
	log := readLog(t, after)
	for _, append := range acked {
		checkThere(t, log, append)
	}
}
