package store_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/node/store"
)

// smallTables lets a log of a few hundred events consist of tables, a manifest of many edits, and a write-ahead log.
const smallTables = 64 << 10

// killed is a disk as a killed process leaves it, all of its writes included, and what its log holds.
func killed(t *testing.T) (disk *vfs.MemFS, log []entry) {
	t.Helper()
	running := vfs.NewCrashableMem()
	s := open(t, store.Options{Dir: "log", FS: running, MemTableBytes: smallTables})
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 250 {
		events := newEvents(1 + i%3)
		for j := range events {
			events[j].Data = make([]byte, 300)
			for k := range events[j].Data {
				events[j].Data[k] = byte(random.Uint32())
			}
		}
		mustAppend(t, s, fmt.Sprintf("s-%d", i%9), store.Any, events)
	}
	if _, err := s.Delete(t.Context(), "s-1", store.Any); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Tombstone(t.Context(), "s-2", store.Any); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "s-3", store.Any, nil)
	return asKilled(running), readLog(t, s)
}

func asKilled(disk *vfs.MemFS) *vfs.MemFS {
	return disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
}

// TestFlippedByteIsFound changes one byte at a time, all over the files: the store refuses to open, or a read fails, or
// nothing that matters was hit; a log that is read to its end is the one that was written.
func TestFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	disk, want := killed(t)
	files, err := disk.List("log")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{} // how often, by the kind of file that was damaged
	for _, name := range files {
		for _, at := range places(len(contents(t, disk, "log/"+name))) {
			damaged := asKilled(disk)
			flip(t, damaged, "log/"+name, at)
			_, verifyErr := store.Verify(t.Context(), store.Options{Dir: "log", FS: asKilled(damaged)})
			log, err := readDamaged(t, damaged)
			var corrupt *store.CorruptError
			switch {
			case err == nil && !slices.Equal(log, want):
				t.Errorf("%s, byte %d: read as if it were whole, with %d events of %d", name, at, len(log), len(want))
			case err != nil && verifyErr == nil:
				t.Errorf("%s, byte %d: verify does not find %v", name, at, err)
			case errors.As(err, &corrupt):
				found[kindOf(name)]++
				stem, suffix, _ := strings.Cut(name, ".")
				if suffix == "sst" || suffix == "log" {
					if !strings.Contains(err.Error(), stem) || !strings.Contains(verifyErr.Error(), stem) {
						t.Errorf("%s is not named by %v, or by %v", name, err, verifyErr)
					}
				}
			}
		}
	}
	for _, kind := range []string{"log", "sst", "MANIFEST"} {
		if found[kind] == 0 {
			t.Errorf("no damage was found in any file of kind %s", kind)
		}
	}
}

// readDamaged opens a log and reads all of it, every stream too.
func readDamaged(t *testing.T, disk vfs.FS) ([]entry, error) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: "log", FS: disk, MemTableBytes: smallTables})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	log, err := tryLog(s)
	if err != nil {
		return nil, err
	}
	var page store.Page
	for i := range 9 {
		view, err := s.Stream(t.Context(), fmt.Sprintf("s-%d", i))
		if err != nil {
			return nil, err
		}
		for _, backwards := range []bool{false, true} {
			if err := s.ReadStream(&page, view, 0, view.Last, backwards); err != nil {
				return nil, err
			}
		}
	}
	return log, nil
}

func kindOf(name string) string {
	if _, suffix, ok := strings.Cut(name, "."); ok && !strings.HasPrefix(name, "marker") {
		return suffix
	}
	name, _, _ = strings.Cut(name, "-")
	return name
}

// places are offsets all over a file, its ends included.
func places(size int) []int {
	const most = 8
	var all []int
	for i := range min(size, most) {
		all = append(all, i*size/min(size, most))
	}
	return append(all, max(size-1, 0))
}

func contents(t *testing.T, disk vfs.FS, path string) []byte {
	t.Helper()
	file, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// flip changes all bits of one byte of a file; an empty file stays as it is.
func flip(t *testing.T, disk vfs.FS, path string, at int) {
	t.Helper()
	bytes := contents(t, disk, path)
	if len(bytes) == 0 {
		return
	}
	bytes[at] ^= 0xff
	overwrite(t, disk, path, bytes)
}

func overwrite(t *testing.T, disk vfs.FS, path string, bytes []byte) {
	t.Helper()
	file, err := disk.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(bytes); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		t.Fatal(err)
	}
}
