package node

import (
	"github.com/google/uuid"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"am-user-management/internal/node/store"
)

// Field numbers of ReadResp and ReadEvent.
const (
	respEvent     = 1
	eventRecord   = 1
	eventLink     = 2
	eventPosition = 3

	recordID   = 1
	uuidString = 2
)

// copyBelow is the size up to which copying an event into one buffer costs less than sending it in parts.
const copyBelow = 2 << 10

// encodeEvent builds the ReadResp of one event. If link is not nil, it is the event that was read and record, which
// may be nil, is what it points to.
func encodeEvent(record, link *store.Record, textIDs bool) *encoded {
	var event, linked []byte
	position := uint64(0)
	if record != nil {
		event, position = idForm(record, textIDs), record.Position
	}
	if link != nil {
		linked, position = idForm(link, textIDs), link.Position
	}
	size := fieldSize(event) + fieldSize(linked) + protowire.SizeTag(eventPosition) + protowire.SizeVarint(position)
	capacity := size + 32
	inParts := len(event) >= copyBelow
	if inParts {
		capacity -= len(event)
	}
	b := make([]byte, 0, capacity)
	b = protowire.AppendTag(b, respEvent, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	if event != nil {
		b = protowire.AppendTag(b, eventRecord, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(len(event)))
	}
	head := len(b)
	if !inParts {
		b = append(b, event...)
	}
	if linked != nil {
		b = protowire.AppendTag(b, eventLink, protowire.BytesType)
		b = protowire.AppendBytes(b, linked)
	}
	b = protowire.AppendTag(b, eventPosition, protowire.VarintType)
	b = protowire.AppendVarint(b, position)
	if !inParts {
		return &encoded{bytes: mem.BufferSlice{mem.SliceBuffer(b)}}
	}
	return &encoded{bytes: mem.BufferSlice{mem.SliceBuffer(b[:head]), mem.SliceBuffer(event), mem.SliceBuffer(b[head:])}}
}

func fieldSize(message []byte) int {
	if message == nil {
		return 0
	}
	return protowire.SizeTag(eventRecord) + protowire.SizeBytes(len(message))
}

// idForm returns the record's bytes with its id as text if asked for. The stored form has it structured, and first.
func idForm(record *store.Record, text bool) []byte {
	if !text {
		return record.Wire
	}
	_, _, stored := protowire.ConsumeField(record.Wire)
	const textLength = 36
	b := make([]byte, 0, len(record.Wire)+textLength)
	b = protowire.AppendTag(b, recordID, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(protowire.SizeTag(uuidString)+protowire.SizeBytes(textLength)))
	b = protowire.AppendTag(b, uuidString, protowire.BytesType)
	b = protowire.AppendString(b, uuid.UUID(record.ID).String())
	return append(b, record.Wire[max(stored, 0):]...)
}
