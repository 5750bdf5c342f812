package store

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// smallFiles is room for what a start writes beside the write-ahead log: manifest, options, the mark.
const smallFiles = 1 << 20

// NoRoomError reports a disk that is full. Its text says how much room a start needs: the message of the system does not,
// and whoever makes room wants to know when it is enough.
type NoRoomError struct {
	// Needs is how many bytes a start needs at most, as things are. Free is how many there are, -1 if that is not known.
	Needs, Free int64
	// Err is what the disk said.
	Err error
}

func (e *NoRoomError) Error() string {
	text := fmt.Sprintf("%v: the event store needs %s of free space to start", e.Err, mebibytes(e.Needs))
	if e.Free >= 0 {
		text += ", there are " + mebibytes(e.Free)
	}
	return text
}

// Unwrap returns Err.
func (e *NoRoomError) Unwrap() error { return e.Err }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// explainRoom makes a NoRoomError of an error that says that the disk is full, and leaves others as they are.
func explainRoom(options Options, err error) error {
	if _, explained := errors.AsType[*NoRoomError](err); explained || !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	explained := &NoRoomError{Needs: roomToStart(options), Free: -1, Err: err}
	if usage, err := options.FS.GetDiskUsage(nearest(options.FS, options.Dir)); err == nil {
		explained.Free = int64(usage.AvailBytes)
	}
	return explained
}

// roomToStart is what a start writes at most: the next write-ahead log, which Pebble allocates in full and a tenth more,
// and tables of all that stands in the ones that are there.
func roomToStart(options Options) int64 {
	needs := int64(options.MemTableBytes) + int64(options.MemTableBytes)/10 + smallFiles
	names, _ := options.FS.List(options.Dir) // a folder that is not there has none
	for _, name := range names {
		if !strings.HasSuffix(name, ".log") {
			continue
		}
		if file, err := options.FS.Stat(options.FS.PathJoin(options.Dir, name)); err == nil {
			needs += file.Size()
		}
	}
	return needs
}

// nearest is a folder, or the one above it that is there.
func nearest(disk vfs.FS, dir string) string {
	for {
		parent := disk.PathDir(dir)
		if _, err := disk.Stat(dir); err == nil || parent == dir {
			return dir
		}
		dir = parent
	}
}
