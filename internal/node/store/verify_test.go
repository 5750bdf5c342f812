package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/node/store"
)

// TestVerifyNamesWhatWasTamperedWith changes single entries of the database by hand, which its own checksums do not
// notice.
func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	disk, _ := killed(t)
	for title, test := range map[string]struct {
		tamper func(*tampered)
		want   string
		// read is what a reader of everything runs into; "" if only verify can tell.
		read string
	}{
		"nothing": {tamper: func(*tampered) {}},
		"a byte of an event": {
			tamper: func(d *tampered) { d.change(eventKey(7), func(v []byte) []byte { v[len(v)-20] ^= 1; return v }) },
			want:   "event at position 7 does not match its checksum", read: "event at position 7 does not match",
		},
		"a byte of an event and its checksum": {
			tamper: func(d *tampered) {
				d.change(eventKey(7), func(v []byte) []byte {
					v[len(v)-20] ^= 1
					return resealed(eventKey(7), v)
				})
			}, // what this leaves to find is for who signs the log
		},
		"an event removed": {
			tamper: func(d *tampered) { d.remove(eventKey(7)) },
			want:   "event at position 7 is missing", read: "event at position 7 is missing",
		},
		"an event moved": {
			tamper: func(d *tampered) {
				d.set(eventKey(7), d.get(eventKey(8)))
			},
			want: "event at position 7 does not match its checksum", read: "event at position 7 does not match",
		},
		"an event put behind the end": {
			tamper: func(d *tampered) { d.set(eventKey(100_000), d.get(eventKey(8))) },
			want:   "is missing", read: "is missing",
		},
		"an entry of the index removed": {
			tamper: func(d *tampered) { d.remove(indexKey("s-4", 2)) },
			want:   `index of stream "s-4" at revision 2 is missing`, read: `index of stream "s-4" at revision 2 is missing`,
		},
		"the index led elsewhere": {
			tamper: func(d *tampered) { d.set(indexKey("s-4", 2), d.get(indexKey("s-4", 3))) },
			want:   `index of stream "s-4" at revision 2 leads to position`, read: `index of stream "s-4" at revision 2 leads to position`,
		},
		"an entry of the index too many": {
			tamper: func(d *tampered) { d.set(indexKey("t", 0), d.get(indexKey("s-4", 3))) },
			want:   "entries for", // a stream without a head is not there for readers
		},
		"a head removed": {
			tamper: func(d *tampered) { d.remove([]byte("hs-4")) },
			want:   "there are heads of",
		},
		"a head put back to an earlier one": {
			tamper: func(d *tampered) {
				d.change([]byte("hs-4"), func(v []byte) []byte { v[1] -= 2; return resealed([]byte("hs-4"), v) })
			},
			want: `head of stream "s-4" does not fit its events`,
		},
		"a byte of a head": {
			tamper: func(d *tampered) {
				d.change([]byte("hs-4"), func(v []byte) []byte { v[1] -= 2; return v })
			},
			want: `head of stream "s-4" does not match its checksum`, read: `head of stream "s-4" does not match its checksum`,
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			disk := asKilled(disk)
			d := &tampered{t: t, disk: disk}
			d.open()
			test.tamper(d)
			d.close()
			_, err := readDamaged(t, asKilled(disk))
			if (err == nil) != (test.read == "") || err != nil && !strings.Contains(err.Error(), test.read) {
				t.Errorf("reading everything answered %v", err)
			}
			_, err = store.Verify(t.Context(), store.Options{Dir: "log", FS: disk})
			var corrupt *store.CorruptError
			if (err == nil) != (test.want == "") || err != nil && (!errors.As(err, &corrupt) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("verify answered %v", err)
			}
		})
	}
}

// TestWritesGoOnBesideDamage damages one stream: writes to it are refused, others are accepted, and nothing stops.
func TestWritesGoOnBesideDamage(t *testing.T) {
	t.Parallel()
	disk, _ := killed(t)
	d := &tampered{t: t, disk: disk}
	d.open()
	d.change([]byte("hs-4"), func(v []byte) []byte { v[1]++; return v })
	d.close()
	s := open(t, store.Options{Dir: "log", FS: disk})
	var corrupt *store.CorruptError
	if _, err := s.Append(t.Context(), "s-4", store.Any, newEvents(1)); !errors.As(err, &corrupt) {
		t.Errorf("append to a damaged stream answered %v", err)
	}
	mustAppend(t, s, "s-5", store.Any, newEvents(1))
	if err := s.Err(); err != nil {
		t.Errorf("the store stopped: %v", err)
	}
}

func TestVerifyCounts(t *testing.T) {
	t.Parallel()
	disk, log := killed(t)
	found, err := store.Verify(t.Context(), store.Options{Dir: "log", FS: disk})
	last := uint64(len(log)) // readLog counts the record without an event, too
	// Nine streams, and the metadata of the one that was deleted.
	want := store.Verified{Last: last, Durable: last, Events: last - 1, Streams: 10}
	if err != nil || found != want {
		t.Errorf("verify found %+v, want %+v: %v", found, want, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Verify(cancelled, store.Options{Dir: "log", FS: disk}); !errors.Is(err, context.Canceled) {
		t.Errorf("a verification that is cancelled answered %v", err)
	}
	if _, err := store.Verify(t.Context(), store.Options{Dir: "elsewhere", FS: disk}); err == nil {
		t.Error("a folder that is not there was verified")
	}
	open(t, store.Options{Dir: "log", FS: disk})
	if _, err := store.Verify(t.Context(), store.Options{Dir: "log", FS: disk}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a log that is open was verified: %v", err)
	}
}

// tampered is a log's database opened behind the store's back.
type tampered struct {
	t    *testing.T
	disk vfs.FS
	db   *pebble.DB
}

func (d *tampered) open() {
	d.t.Helper()
	var err error
	if d.db, err = pebble.Open("log", &pebble.Options{FS: d.disk, FormatMajorVersion: pebble.FormatNewest, Logger: silent{}}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *tampered) close() {
	d.t.Helper()
	if err := d.db.Close(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *tampered) get(key []byte) []byte {
	d.t.Helper()
	value, closer, err := d.db.Get(key)
	if err != nil {
		d.t.Fatal(err)
	}
	defer closer.Close()
	return append([]byte(nil), value...)
}

func (d *tampered) set(key, value []byte) {
	d.t.Helper()
	if err := d.db.Set(key, value, pebble.Sync); err != nil {
		d.t.Fatal(err)
	}
}

func (d *tampered) change(key []byte, change func([]byte) []byte) {
	d.t.Helper()
	d.set(key, change(d.get(key)))
}

func (d *tampered) remove(key []byte) {
	d.t.Helper()
	if err := d.db.Delete(key, pebble.Sync); err != nil {
		d.t.Fatal(err)
	}
}

func eventKey(position uint64) []byte { return binary.BigEndian.AppendUint64([]byte("e"), position) }

func indexKey(stream string, revision uint64) []byte {
	key := binary.AppendUvarint([]byte("s"), uint64(len(stream)))
	return binary.BigEndian.AppendUint64(append(key, stream...), revision)
}

// resealed puts the right checksum at the end of a value that was changed.
func resealed(key, value []byte) []byte {
	end := len(value) - 4
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Update(0, table, key), table, value[:end])
	return binary.BigEndian.AppendUint32(value[:end], sum)
}

// readOnlyFS is a disk that is mounted read-only.
type readOnlyFS struct{ vfs.FS }

func (d readOnlyFS) Lock(string) (io.Closer, error) { return nil, syscall.EROFS }

func (d readOnlyFS) Create(string, vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, syscall.EROFS
}

func (d readOnlyFS) OpenReadWrite(string, vfs.DiskWriteCategory, ...vfs.OpenOption) (vfs.File, error) {
	return nil, syscall.EROFS
}

func (d readOnlyFS) Remove(string) error { return syscall.EROFS }

func (d readOnlyFS) Rename(string, string) error { return syscall.EROFS }

func (d readOnlyFS) MkdirAll(string, fs.FileMode) error { return syscall.EROFS }

func TestVerifyReadsASnapshotThatIsReadOnly(t *testing.T) {
	t.Parallel()
	disk, _ := killed(t)
	if found, err := store.Verify(t.Context(), store.Options{Dir: "log", FS: readOnlyFS{disk}}); err != nil || found.Events == 0 {
		t.Errorf("verify answered %+v, %v", found, err)
	}
}

func TestVerifyOfAFileSaysThatItIsNoFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Verify(t.Context(), store.Options{Dir: file})
	if !errors.Is(err, store.ErrNoLog) || !strings.Contains(err.Error(), "it is no folder") {
		t.Errorf("verify answered %v", err)
	}
}

func TestVerifyLeavesNothingWhereThereIsNoLog(t *testing.T) {
	t.Parallel()
	disk := vfs.NewMem()
	if err := disk.MkdirAll("etc", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"etc", "missing"} {
		if _, err := store.Verify(t.Context(), store.Options{Dir: dir, FS: disk}); !errors.Is(err, store.ErrNoLog) {
			t.Errorf("%s: verify answered %v", dir, err)
		}
	}
	if files, err := disk.List("etc"); err != nil || len(files) > 0 {
		t.Errorf("in the folder are %v, %v", files, err)
	}
}

func TestVerifyExplainsALostMark(t *testing.T) {
	t.Parallel()
	disk, _ := killed(t)
	if err := disk.Remove("log/DURABLE"); err != nil {
		t.Fatal(err)
	}
	var corrupt *store.CorruptError
	_, err := store.Verify(t.Context(), store.Options{Dir: "log", FS: disk})
	if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), "DURABLE is missing: it was lost, or") {
		t.Errorf("verify answered %v", err)
	}
}

// TestVerifyExplainsAMarkWithoutALog: a first start that is cut short leaves nothing else.
func TestVerifyExplainsAMarkWithoutALog(t *testing.T) {
	t.Parallel()
	whole := vfs.NewMem()
	if err := open(t, store.Options{Dir: "log", FS: whole}).Close(); err != nil {
		t.Fatal(err)
	}
	disk := vfs.NewMem()
	if err := disk.MkdirAll("log", 0o700); err != nil {
		t.Fatal(err)
	}
	overwrite(t, disk, "log/DURABLE", contents(t, whole, "log/DURABLE"))
	_, err := store.Verify(t.Context(), store.Options{Dir: "log", FS: disk})
	if !errors.Is(err, store.ErrNoLog) || !strings.Contains(err.Error(), "only the file DURABLE is there, of a start that was cut short") {
		t.Errorf("verify answered %v", err)
	}
	if err := open(t, store.Options{Dir: "log", FS: disk}).Close(); err != nil {
		t.Errorf("the next start: %v", err)
	}
}
