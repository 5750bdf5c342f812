package node

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"am-user-management/internal/node/persistent/group"
)

// Field numbers of a persistent subscription's ReadEvent and RecordedEvent, beside those of a plain read, with which
// they agree.
const (
	eventRetries = 5

	recordPrepare = 4
	recordCommit  = 5
)

// encodeDelivery builds the ReadResp of one event of a persistent subscription.
func encodeDelivery(delivery *group.Delivery, textIDs bool) *encoded {
	var event, linked []byte
	position := uint64(0)
	if delivery.Record != nil {
		event, position = idForm(delivery.Record, textIDs), delivery.Record.Position
	}
	if delivery.Link != nil {
		linked, position = idForm(delivery.Link, textIDs), delivery.Link.Position
	}
	if event != nil && linked != nil {
		event = atPosition(event, position)
	}
	retries := uint64(delivery.Retries)
	size := fieldSize(event) + fieldSize(linked) + protowire.SizeTag(eventPosition) + protowire.SizeVarint(position) +
		protowire.SizeTag(eventRetries) + protowire.SizeVarint(retries)
	b := make([]byte, 0, size+32)
	b = protowire.AppendTag(b, respEvent, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	if event != nil {
		b = protowire.AppendTag(b, eventRecord, protowire.BytesType)
		b = protowire.AppendBytes(b, event)
	}
	if linked != nil {
		b = protowire.AppendTag(b, eventLink, protowire.BytesType)
		b = protowire.AppendBytes(b, linked)
	}
	b = protowire.AppendTag(b, eventPosition, protowire.VarintType)
	b = protowire.AppendVarint(b, position)
	b = protowire.AppendTag(b, eventRetries, protowire.VarintType)
	b = protowire.AppendVarint(b, retries)
	return &encoded{bytes: mem.BufferSlice{mem.SliceBuffer(b)}}
}

// atPosition returns an encoded record with another position in it: EventStoreDB shows a consumer the event that a link points to
// at the position of the link, which it does not in a plain read.
func atPosition(record []byte, position uint64) []byte {
	b := make([]byte, 0, len(record)+2*protowire.SizeVarint(position))
	for rest := record; len(rest) > 0; {
		number, kind, n := protowire.ConsumeField(rest)
		if n < 0 {
			return record // cannot be: the store has decoded it
		}
		if number == recordPrepare || number == recordCommit {
			b = protowire.AppendTag(b, number, kind)
			b = protowire.AppendVarint(b, position)
		} else {
			b = append(b, rest[:n]...)
		}
		rest = rest[n:]
	}
	return b
}
