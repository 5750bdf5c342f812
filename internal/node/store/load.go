package store

import (
	"bytes"
	"encoding/binary"
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
	if !it.SeekPrefixGE(key) || !bytes.Equal(it.Key(), key) {
		return nil, closing(it, it.Error())
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return nil, closing(it, err)
	}
	h, err := decodeHead(name, value)
	return h, closing(it, err)
}

// loadPosition returns the position of an event of a stream.
func loadPosition(db *pebble.DB, stream string, revision uint64) (uint64, error) {
	value, closer, err := db.Get(appendStreamKey(make([]byte, 0, 16+len(stream)), stream, revision))
	if err != nil {
		return 0, fmt.Errorf("index of stream %q at revision %d: %w", stream, revision, err)
	}
	position := binary.BigEndian.Uint64(value)
	return position, closer.Close()
}

// loadRecord returns an event of a stream.
func loadRecord(db *pebble.DB, stream string, revision uint64) (*Record, error) {
	position, err := loadPosition(db, stream, revision)
	if err != nil {
		return nil, err
	}
	record := &Record{}
	return record, loadAt(db, position, record, &slab{})
}

// loadAt fills record with the event at position, its bytes copied to the slab.
func loadAt(db *pebble.DB, position uint64, record *Record, into *slab) error {
	var key [eventKeyLen]byte
	value, closer, err := db.Get(appendEventKey(key[:0], position))
	if err != nil {
		return fmt.Errorf("event at position %d: %w", position, err)
	}
	wire := into.copy(value)
	if err := closer.Close(); err != nil {
		return err
	}
	return decodeRecord(record, position, wire)
}
