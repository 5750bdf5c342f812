package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// loadHead returns a stream's head, nil if there is none. Most often there is none, for a new stream; so it asks the
// filters of all levels, the last one too, which a plain Get leaves out.
func loadHead(db *pebble.DB, name string) (*head, error) {
	it, err := db.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return nil, err
	}
	key := appendHeadKey(make([]byte, 0, 1+len(name)), name)
	what := fmt.Sprintf("head of stream %q", name)
	if !it.SeekPrefixGE(key) || !bytes.Equal(it.Key(), key) {
		return nil, unreadable(what, closing(it, it.Error()))
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return nil, unreadable(what, closing(it, err))
	}
	h, err := decodeHead(key, value)
	return h, closing(it, err)
}

// loadRecord returns an event of a stream.
func loadRecord(db *pebble.DB, stream string, revision uint64) (*Record, error) {
	value, closer, err := db.Get(appendStreamKey(make([]byte, 0, 16+len(stream)), stream, revision))
	if err != nil {
		return nil, unreadable(fmt.Sprintf("index of stream %q at revision %d", stream, revision), err)
	}
	position, err := decodePosition(stream, revision, value)
	if err = errors.Join(err, closer.Close()); err != nil {
		return nil, err
	}
	record := &Record{}
	if err := loadAt(db, position, record, &slab{}); err != nil {
		return nil, err
	}
	return record, checkIndex(record, stream, revision)
}

// loadAt fills record with the event at position, its bytes copied to the slab.
func loadAt(db *pebble.DB, position uint64, record *Record, into *slab) error {
	var key [eventKeyLen]byte
	value, closer, err := db.Get(appendEventKey(key[:0], position))
	if err != nil {
		return unreadable(fmt.Sprintf("event at position %d", position), err)
	}
	stored := into.copy(value)
	if err := closer.Close(); err != nil {
		return err
	}
	return decodeStored(record, position, stored)
}

func decodePosition(stream string, revision uint64, value []byte) (uint64, error) {
	if len(value) != positionLen {
		return 0, &CorruptError{What: fmt.Sprintf("index of stream %q at revision %d does not decode", stream, revision)}
	}
	return binary.BigEndian.Uint64(value), nil
}

// checkIndex fails unless record is what the index promised. It is why an entry of the index needs no checksum.
func checkIndex(record *Record, stream string, revision uint64) error {
	if record.Revision == revision && string(record.Stream) == stream {
		return nil
	}
	return &CorruptError{What: fmt.Sprintf("index of stream %q at revision %d leads to position %d, which holds revision %d of %q",
		stream, revision, record.Position, record.Revision, record.Stream)}
}

// unreadable makes a CorruptError of an error that says that what is there is damaged, or is not there at all though
// the log says so. A damaged block has other readers too, so the error names the block's file and place.
func unreadable(what string, err error) error {
	if known := (*CorruptError)(nil); errors.As(err, &known) {
		return err
	}
	if errors.Is(err, pebble.ErrNotFound) {
		return &CorruptError{What: what + " is missing"}
	}
	if pebble.IsCorruptionError(err) {
		return &CorruptError{What: what + " cannot be read", Err: err}
	}
	return err
}
