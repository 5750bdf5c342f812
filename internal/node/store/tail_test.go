package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/wal"

	"am-user-management/internal/node/store"
)

// TestEndOfTheWriteAheadLog damages what comes last: what was never durable is dropped, what was is missed. A log that
// is refused stays as it was, so that it can still be repaired.
func TestEndOfTheWriteAheadLog(t *testing.T) {
	t.Parallel()
	disk, want := killed(t)
	name, end := newestLog(t, disk)
	whole := contents(t, disk, name)
	garbage := bytes.Repeat([]byte("garbage"), 1000)
	for title, test := range map[string]struct {
		log     []byte
		refused bool
	}{
		"garbage behind it":         {log: append(bytes.Clone(whole[:end]), garbage...)},
		"zeros behind it":           {log: append(bytes.Clone(whole[:end]), make([]byte, 100_000)...)},
		"last byte missing":         {log: whole[:end-1], refused: true},
		"last record missing":       {log: whole[:end-300], refused: true},
		"all missing":               {log: nil, refused: true},
		"last record garbage":       {log: append(bytes.Clone(whole[:end-200]), garbage[:200]...), refused: true},
		"last record zero":          {log: append(bytes.Clone(whole[:end-200]), make([]byte, 200)...), refused: true},
		"first record zero, and so": {log: append(make([]byte, 400), whole[400:]...), refused: true},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			damaged := asKilled(disk)
			overwrite(t, damaged, name, test.log)
			log, err := readDamaged(t, damaged)
			if !test.refused {
				if err != nil || len(log) != len(want) {
					t.Errorf("%d events of %d are left: %v", len(log), len(want), err)
				}
				return
			}
			var corrupt *store.CorruptError
			if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "offset") {
				t.Errorf("opening answered %v", err)
			}
			if !bytes.Equal(contents(t, damaged, name), test.log) {
				t.Error("the damaged file was changed")
			}
			overwrite(t, damaged, name, whole)
			if log, err := readDamaged(t, damaged); err != nil || len(log) != len(want) {
				t.Errorf("after the repair %d events of %d are left: %v", len(log), len(want), err)
			}
		})
	}
}

// TestMarkOfTheEnd loses the file that says how far the log goes.
func TestMarkOfTheEnd(t *testing.T) {
	t.Parallel()
	disk, want := killed(t)
	const mark = "log/DURABLE"
	for title, damage := range map[string]func(*testing.T, vfs.FS){
		"removed": func(t *testing.T, disk vfs.FS) {
			t.Helper()
			if err := disk.Remove(mark); err != nil {
				t.Fatal(err)
			}
		},
		"emptied":     func(t *testing.T, disk vfs.FS) { t.Helper(); overwrite(t, disk, mark, nil) },
		"overwritten": func(t *testing.T, disk vfs.FS) { t.Helper(); overwrite(t, disk, mark, make([]byte, 5000)) },
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			damaged := asKilled(disk)
			damage(t, damaged)
			_, err := readDamaged(t, damaged)
			var corrupt *store.CorruptError
			if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), mark) {
				t.Errorf("opening answered %v", err)
			}
		})
	}
	t.Run("one slot torn", func(t *testing.T) {
		t.Parallel()
		for _, slot := range []int{0, 4096} {
			damaged := asKilled(disk)
			flip(t, damaged, mark, slot+3)
			if log, err := readDamaged(t, damaged); err != nil || len(log) != len(want) {
				t.Errorf("%d events of %d are left: %v", len(log), len(want), err)
			}
		}
	})
	t.Run("all else removed", func(t *testing.T) {
		t.Parallel()
		empty := vfs.NewMem()
		if err := empty.MkdirAll("log", 0o700); err != nil {
			t.Fatal(err)
		}
		overwrite(t, empty, mark, contents(t, disk, mark))
		_, err := store.Open(store.Options{Dir: "log", FS: empty})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint("durable up to position ", len(want))) {
			t.Errorf("opening answered %v", err)
		}
	})
}

// newestLog returns the write-ahead log that is written to, and where its last record ends: what follows in the file is
// from its use before.
func newestLog(t *testing.T, disk vfs.FS) (path string, end int64) {
	t.Helper()
	logs, err := wal.Scan(wal.Dir{FS: disk, Dirname: "log"})
	if err != nil {
		t.Fatal(err)
	}
	reader := logs[len(logs)-1].OpenForRead()
	defer reader.Close()
	for {
		record, offset, err := reader.NextRecord()
		if err != nil {
			return offset.PhysicalFile, offset.Physical
		}
		if _, err := io.Copy(io.Discard, record); err != nil {
			t.Fatal(err)
		}
	}
}
