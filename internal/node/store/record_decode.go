package store

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// decodeStored fills r from the stored value at position, which must be as it was written. The record aliases stored.
func decodeStored(r *Record, position uint64, stored []byte) error {
	var place [eventKeyLen]byte
	wire, whole := unseal(appendEventKey(place[:0], position), stored)
	if !whole {
		return &CorruptError{What: fmt.Sprintf("event at position %d does not match its checksum", position)}
	}
	return decodeRecord(r, position, wire)
}

// decodeRecord fills r from its encoded event. The record aliases wire.
func decodeRecord(r *Record, position uint64, wire []byte) error {
	*r = Record{Position: position, Wire: wire}
	for rest := wire; len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return corruptEvent(position)
		}
		rest = rest[n:]
		switch kind {
		case protowire.VarintType:
			value, n := protowire.ConsumeVarint(rest)
			if n < 0 {
				return corruptEvent(position)
			}
			rest = rest[n:]
			if number == fieldRevision {
				r.Revision = value
			}
		case protowire.BytesType:
			value, n := protowire.ConsumeBytes(rest)
			if n < 0 || !r.decodeField(number, value) {
				return corruptEvent(position)
			}
			rest = rest[n:]
		default:
			return corruptEvent(position)
		}
	}
	return nil
}

func corruptEvent(position uint64) error {
	return &CorruptError{What: fmt.Sprintf("event at position %d does not decode", position)}
}

func (r *Record) decodeField(number protowire.Number, value []byte) bool {
	switch number {
	case fieldID:
		return r.decodeID(value)
	case fieldStream:
		_, _, n := protowire.ConsumeTag(value)
		if n < 0 {
			return false
		}
		name, m := protowire.ConsumeBytes(value[n:])
		r.Stream = name
		return m >= 0
	case fieldMetadata:
		return r.decodeMapEntry(value)
	case fieldCustomMetadata:
		r.Metadata = value
	case fieldData:
		r.Data = value
	}
	return true
}

func (r *Record) decodeID(value []byte) bool {
	_, _, n := protowire.ConsumeTag(value)
	if n < 0 {
		return false
	}
	inner, m := protowire.ConsumeBytes(value[n:])
	for m >= 0 && len(inner) > 0 {
		number, _, n := protowire.ConsumeTag(inner)
		if n < 0 {
			return false
		}
		bits, k := protowire.ConsumeVarint(inner[n:])
		if k < 0 {
			return false
		}
		inner = inner[n+k:]
		switch number {
		case 1:
			binary.BigEndian.PutUint64(r.ID[:8], bits)
		case 2:
			binary.BigEndian.PutUint64(r.ID[8:], bits)
		}
	}
	return m >= 0
}

func (r *Record) decodeMapEntry(entry []byte) bool {
	var key, value []byte
	for len(entry) > 0 {
		number, _, n := protowire.ConsumeTag(entry)
		if n < 0 {
			return false
		}
		text, m := protowire.ConsumeBytes(entry[n:])
		if m < 0 {
			return false
		}
		entry = entry[n+m:]
		if number == 1 {
			key = text
		} else {
			value = text
		}
	}
	switch string(key) {
	case keyType:
		r.Type = value
	case keyContentType:
		r.JSON = string(value) == contentJSON
	case keyCreated:
		r.Created = 0
		for _, digit := range value {
			r.Created = r.Created*10 + int64(digit-'0')
		}
	}
	return true
}
