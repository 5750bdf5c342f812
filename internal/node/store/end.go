package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/wal"
)

// Exists returns nil if the folder holds a log. Else the error is ErrNoLog, a CorruptError if it is a log that has lost
// the file that says how far it goes, or what the disk said. It makes and opens nothing.
func Exists(options Options) error {
	options = withDefaults(options)
	_, err := options.FS.Stat(options.FS.PathJoin(options.Dir, markName))
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w in %s: it is no folder", ErrNoLog, options.Dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := options.FS.Stat(options.Dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w in %s: there is no such folder", ErrNoLog, options.Dir)
	}
	if err := missesMark(options); err != nil {
		return fmt.Errorf("event store in %s: %w", options.Dir, err)
	}
	return fmt.Errorf("%w in %s", ErrNoLog, options.Dir)
}

// beginMark makes the mark of a folder that holds no log yet.
func beginMark(options Options) error {
	if err := missesMark(options); err != nil {
		return err
	}
	return createMark(options.FS, options.Dir)
}

// missesMark fails if a folder without a mark holds a log.
func missesMark(options Options) error {
	found, err := pebble.Peek(options.Dir, options.FS)
	if err != nil {
		return err
	}
	if found.Exists {
		return &CorruptError{What: fmt.Sprintf("file %s is missing: it was lost, or the log comes from a version without it",
			options.FS.PathJoin(options.Dir, markName))}
	}
	return nil
}

// checkEnd fails if the log ends before a position up to which it was durable. It writes nothing, because opening for
// writing makes away with the end of a write-ahead log that cannot be read.
func checkEnd(options Options, durable uint64) error {
	db, err := openReadOnly(options)
	switch {
	case errors.Is(err, pebble.ErrDBDoesNotExist) && durable == 0:
		return nil // the mark is made first
	case errors.Is(err, pebble.ErrDBDoesNotExist):
		return &CorruptError{What: fmt.Sprintf("the log is gone; it was durable up to position %d", durable)}
	case pebble.IsCorruptionError(err):
		return &CorruptError{What: "the log cannot be opened; " + walEnds(options), Err: err}
	case err != nil:
		return err
	}
	last, err := lastPosition(db)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if last < durable {
		return &CorruptError{What: fmt.Sprintf("the log ends at position %d but was durable up to %d; %s",
			last, durable, walEnds(options))}
	}
	return nil
}

// walEnds says where the readable part of each write-ahead log ends. For what was lost from the end of a log, that is
// the place to look at.
func walEnds(options Options) string {
	logs, err := wal.Scan(wal.Dir{FS: options.FS, Dirname: options.Dir})
	if err != nil {
		return err.Error()
	}
	text := "the write-ahead log"
	if len(logs) == 0 {
		return text + " is missing"
	}
	for i, log := range logs {
		if i > 0 {
			text += ","
		}
		end, err := walEnd(log)
		text += fmt.Sprintf(" %s is readable up to offset %d", end.PhysicalFile, end.Physical)
		if !errors.Is(err, io.EOF) {
			text += fmt.Sprintf(" (%v)", err)
		}
	}
	return text
}

// walEnd returns where the first record begins that cannot be read, and why.
func walEnd(log wal.LogicalLog) (at wal.Offset, reason error) {
	reader := log.OpenForRead()
	defer func() { _ = reader.Close() }() // it was only read
	for {
		record, offset, err := reader.NextRecord()
		if err == nil {
			_, err = io.Copy(io.Discard, record)
		}
		if err != nil {
			return offset, err
		}
	}
}
