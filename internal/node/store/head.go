package store

import (
	"encoding/binary"
	"fmt"
	"math"
)

// head is what the store knows of a stream without reading it. It is immutable: a write replaces it.
type head struct {
	// last is the last revision, -1 if the stream has no event; a tombstone does not count.
	last int64
	// position is that of the last record that changed the head.
	position   uint64
	tombstoned bool
	// hasMetadata tells that the stream's metastream has an event.
	hasMetadata bool
	cut         cut
}

// cut is the part of a stream's metadata that hides events; zero values hide nothing.
type cut struct {
	// before is $tb: events of lower revisions are hidden.
	before int64
	// maxCount is $maxCount, maxAge is $maxAge in seconds.
	maxCount int64
	maxAge   int64
}

// softDeletedBefore as $tb marks a deleted stream that may be created again.
const softDeletedBefore = math.MaxInt64

func noHead() *head { return &head{last: -1} }

func (h *head) softDeleted() bool { return h.cut.before == softDeletedBefore && !h.tombstoned }

// exists tells whether a writer that expects the stream to exist is right. Metadata alone makes a stream exist.
func (h *head) exists() bool { return h.last >= 0 || h.hasMetadata }

// first returns the lowest revision that age does not hide; it may lie beyond last.
func (h *head) first() int64 {
	first := h.cut.before
	if h.cut.maxCount > 0 {
		first = max(first, h.last-h.cut.maxCount+1)
	}
	return max(first, 0)
}

const (
	headTombstoned  = 1 << 0
	headHasMetadata = 1 << 1
)

func (h *head) encode(b []byte) []byte {
	var flags byte
	if h.tombstoned {
		flags |= headTombstoned
	}
	if h.hasMetadata {
		flags |= headHasMetadata
	}
	b = append(b, flags)
	b = binary.AppendVarint(b, h.last)
	b = binary.AppendUvarint(b, h.position)
	b = binary.AppendVarint(b, h.cut.before)
	b = binary.AppendVarint(b, h.cut.maxCount)
	return binary.AppendVarint(b, h.cut.maxAge)
}

// decodeHead returns the head stored under key.
func decodeHead(key, stored []byte) (*head, error) {
	corrupt := &CorruptError{What: fmt.Sprintf("head of stream %q does not match its checksum", headKeyName(key))}
	b, whole := unseal(key, stored)
	if !whole || len(b) == 0 {
		return nil, corrupt
	}
	h := &head{tombstoned: b[0]&headTombstoned != 0, hasMetadata: b[0]&headHasMetadata != 0}
	b = b[1:]
	for _, field := range []*int64{&h.last, nil, &h.cut.before, &h.cut.maxCount, &h.cut.maxAge} {
		var n int
		if field == nil {
			h.position, n = binary.Uvarint(b)
		} else {
			*field, n = binary.Varint(b)
		}
		if n <= 0 {
			return nil, corrupt
		}
		b = b[n:]
	}
	return h, nil
}
