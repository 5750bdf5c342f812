package store

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Record is a stored event. Its slices alias Wire and must not be changed.
type Record struct {
	Position uint64
	Revision uint64
	ID       ID
	Stream   []byte
	Type     []byte
	JSON     bool
	// Created counts ticks of 100 ns since the Unix epoch.
	Created  int64
	Data     []byte
	Metadata []byte
	// Wire is the event as an encoded RecordedEvent message with a structured id. It is empty for a position that
	// was taken by an append of no events.
	Wire []byte
}

// Void tells whether the record holds no event.
func (r *Record) Void() bool { return len(r.Wire) == 0 }

// Field numbers of event_store.client.streams.ReadResp.ReadEvent.RecordedEvent and what it contains.
const (
	fieldID             = 1
	fieldStream         = 2
	fieldRevision       = 3
	fieldPrepare        = 4
	fieldCommit         = 5
	fieldMetadata       = 6
	fieldCustomMetadata = 7
	fieldData           = 8

	fieldUUIDStructured = 1
	fieldStreamName     = 3
)

const (
	keyType        = "type"
	keyContentType = "content-type"
	keyCreated     = "created"

	contentJSON  = "application/json"
	contentBytes = "application/octet-stream"
)

// encodeRecord lays e out as the wire will need it, so that reading copies bytes and decodes nothing. It returns a
// record whose slices alias one new buffer.
func encodeRecord(e *Event, stream string, revision, position uint64, created int64) *Record {
	content := contentBytes
	if e.JSON {
		content = contentJSON
	}
	var digits [20]byte
	createdText := strconv.AppendInt(digits[:0], created, 10)

	b := make([]byte, 0, 160+len(stream)+len(e.Type)+len(e.Metadata)+len(e.Data))
	b = appendID(b, e.ID)
	b = protowire.AppendTag(b, fieldStream, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(protowire.SizeTag(fieldStreamName)+protowire.SizeBytes(len(stream))))
	b = protowire.AppendTag(b, fieldStreamName, protowire.BytesType)
	b = protowire.AppendString(b, stream)
	streamEnd := len(b)
	if revision != 0 {
		b = protowire.AppendTag(b, fieldRevision, protowire.VarintType)
		b = protowire.AppendVarint(b, revision)
	}
	b = protowire.AppendTag(b, fieldPrepare, protowire.VarintType)
	b = protowire.AppendVarint(b, position)
	b = protowire.AppendTag(b, fieldCommit, protowire.VarintType)
	b = protowire.AppendVarint(b, position)
	b = appendMapEntry(b, keyType, e.Type)
	typeEnd := len(b)
	b = appendMapEntry(b, keyContentType, content)
	b = appendMapEntry(b, keyCreated, string(createdText))
	metadataEnd := len(b)
	if len(e.Metadata) > 0 {
		b = protowire.AppendTag(b, fieldCustomMetadata, protowire.BytesType)
		b = protowire.AppendBytes(b, e.Metadata)
		metadataEnd = len(b)
	}
	if len(e.Data) > 0 {
		b = protowire.AppendTag(b, fieldData, protowire.BytesType)
		b = protowire.AppendBytes(b, e.Data)
	}
	return &Record{
		Position: position, Revision: revision, ID: e.ID, JSON: e.JSON, Created: created, Wire: b,
		Stream:   b[streamEnd-len(stream) : streamEnd],
		Type:     b[typeEnd-len(e.Type) : typeEnd],
		Metadata: b[metadataEnd-len(e.Metadata) : metadataEnd],
		Data:     b[len(b)-len(e.Data):],
	}
}

func appendID(b []byte, id ID) []byte {
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	inner := protowire.SizeTag(1) + protowire.SizeVarint(high) + protowire.SizeTag(2) + protowire.SizeVarint(low)
	b = protowire.AppendTag(b, fieldID, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(protowire.SizeTag(fieldUUIDStructured)+protowire.SizeBytes(inner)))
	b = protowire.AppendTag(b, fieldUUIDStructured, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(inner))
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, high)
	b = protowire.AppendTag(b, 2, protowire.VarintType)
	return protowire.AppendVarint(b, low)
}

func appendMapEntry(b []byte, key, value string) []byte {
	size := protowire.SizeTag(1) + protowire.SizeBytes(len(key)) + protowire.SizeTag(2) + protowire.SizeBytes(len(value))
	b = protowire.AppendTag(b, fieldMetadata, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	b = protowire.AppendString(b, key)
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	return protowire.AppendString(b, value)
}

// Clone returns a copy that keeps nothing else of a page in memory.
func (r *Record) Clone() (*Record, error) {
	clone := &Record{}
	return clone, decodeRecord(clone, r.Position, bytes.Clone(r.Wire))
}
