package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// markName is the file beside the log that says how far it was durable.
const markName = "DURABLE"

const (
	// markFormat is the version of the layout of the whole folder.
	markFormat = 1

	markLen = 1 + positionLen + checksumLen
	// markSlot is the distance of the two slots: a write that is torn spoils one of them.
	markSlot  = 4096
	markSlots = 2
)

// mark tells the end of a log that has lost something from the end of one that was never longer. Pebble takes what it
// cannot read at the end of a write-ahead log, or of its manifest, for a write that never finished, and drops it; only
// somebody who knows how far the log was durable can say that it was not.
//
// It is written after each sync and before the answers, and not synced itself: that costs microseconds. So it never
// tells of what was not durable. It knows every acknowledgement if the process is killed; after a loss of power it may
// be some behind.
type mark struct {
	file vfs.File
	// position is the last durable one.
	position uint64
	// slot is the one to write next.
	slot int64
}

// openMark opens the mark of a folder. It returns an error that is fs.ErrNotExist if there is none.
func openMark(disk vfs.FS, dir string) (*mark, error) {
	path := disk.PathJoin(dir, markName)
	if _, err := disk.Stat(path); err != nil {
		return nil, err
	}
	file, err := disk.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	return newMark(file, path)
}

// readMark returns the position that the mark of a folder tells, and asks for no right to write.
func readMark(disk vfs.FS, dir string) (position uint64, err error) {
	path := disk.PathJoin(dir, markName)
	file, err := disk.Open(path)
	if err != nil {
		return 0, err
	}
	m, err := newMark(file, path)
	if err != nil {
		return 0, err
	}
	return m.position, file.Close()
}

// newMark reads an open file, which it closes if that fails.
func newMark(file vfs.File, path string) (*mark, error) {
	m := &mark{file: file, slot: -1}
	for slot := range int64(markSlots) {
		position, whole, err := m.read(slot)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
		}
		if whole && (m.slot < 0 || position >= m.position) {
			m.position, m.slot = position, slot
		}
	}
	if m.slot < 0 {
		return nil, errors.Join(&CorruptError{What: "file " + path + " is damaged; it says how far the log goes"}, file.Close())
	}
	m.slot = (m.slot + 1) % markSlots
	return m, nil
}

// createMark makes the mark of a new log.
func createMark(disk vfs.FS, dir string) (err error) {
	path := disk.PathJoin(dir, markName)
	file, err := disk.Create(path+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(append(encodeMark(0), make([]byte, (markSlots-1)*markSlot)...))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := disk.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(disk, dir)
}

func (m *mark) read(slot int64) (position uint64, whole bool, err error) {
	var stored [markLen]byte
	n, err := m.file.ReadAt(stored[:], slot*markSlot)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, false, err
	}
	value, whole := unseal(nil, stored[:n])
	if !whole || len(value) != markLen-checksumLen || value[0] != markFormat {
		return 0, false, nil
	}
	return binary.BigEndian.Uint64(value[1:]), true, nil
}

func encodeMark(position uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{markFormat}, position)
	return seal(b, nil, b)
}

// set notes that the log is durable up to position.
func (m *mark) set(position uint64) error {
	if _, err := m.file.WriteAt(encodeMark(position), m.slot*markSlot); err != nil {
		return fmt.Errorf("note how far the log goes: %w", err)
	}
	m.position, m.slot = position, (m.slot+1)%markSlots
	return nil
}

func (m *mark) close() error { return errors.Join(m.file.Sync(), m.file.Close()) }

// makeDir makes a folder, and those above it, so that they are there after a loss of power.
func makeDir(disk vfs.FS, dir string) error {
	if _, err := disk.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := disk.PathDir(dir)
	if parent != dir {
		if err := makeDir(disk, parent); err != nil {
			return err
		}
	}
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(disk, parent)
}

func syncDir(disk vfs.FS, dir string) error {
	folder, err := disk.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
