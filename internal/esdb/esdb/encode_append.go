package esdb

import (
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
)

// Tags of AppendReq and what is in it.
const (
	appendReqOptions         = 1<<3 | ofBytes
	appendReqProposedMessage = 2<<3 | ofBytes

	appendOptionsStream   = 1<<3 | ofBytes
	appendOptionsRevision = 2<<3 | ofVarint
	appendOptionsNoStream = 3<<3 | ofBytes
	appendOptionsAny      = 4<<3 | ofBytes
	appendOptionsExists   = 5<<3 | ofBytes
	streamIdentifierName  = 3<<3 | ofBytes

	proposedID             = 1<<3 | ofBytes
	proposedMetadata       = 2<<3 | ofBytes
	proposedCustomMetadata = 3<<3 | ofBytes
	proposedData           = 4<<3 | ofBytes

	uuidStructured = 1<<3 | ofBytes
	uuidString     = 2<<3 | ofBytes
	uuidMost       = 1<<3 | ofVarint
	uuidLeast      = 2<<3 | ofVarint

	entryKey   = 1<<3 | ofBytes
	entryValue = 2<<3 | ofBytes
)

// encodeAppendOptions is the AppendReq that opens an append.
func encodeAppendOptions(streamID string, expected ExpectedRevision) outgoing {
	if expected == nil {
		expected = Any{}
	}
	kind, revision := expected.expected()
	var expectedSize int
	if kind == expectRevision {
		expectedSize = 1 + protowire.SizeVarint(revision)
	} else {
		expectedSize = sizeOfMessage(0)
	}
	identifier := sizeOfBytes(len(streamID))
	options := sizeOfMessage(identifier) + expectedSize

	b := make([]byte, 0, sizeOfMessage(options))
	b = appendHead(b, appendReqOptions, options)
	b = appendHead(b, appendOptionsStream, identifier)
	b = appendBytes(b, streamIdentifierName, streamID)
	switch kind {
	case expectRevision:
		return appendVarint(b, appendOptionsRevision, revision)
	case expectNoStream:
		return appendHead(b, appendOptionsNoStream, 0)
	case expectExists:
		return appendHead(b, appendOptionsExists, 0)
	}
	return appendHead(b, appendOptionsAny, 0)
}

// encodeProposed is the AppendReq that carries one event.
func encodeProposed(event *EventData) outgoing {
	id := event.EventID
	if id == uuid.Nil {
		id = uuid.New()
	}
	content := binaryContent
	if event.ContentType == ContentTypeJson {
		content = jsonContent
	}
	most, least := UUIDAsInt64(id)
	halves := 1 + protowire.SizeVarint(uint64(most)) + 1 + protowire.SizeVarint(uint64(least))
	eventType := sizeOfBytes(len(metadataType)) + sizeOfBytes(len(event.EventType))
	contentType := sizeOfBytes(len(metadataContentType)) + sizeOfBytes(len(content))
	proposed := sizeOfMessage(sizeOfMessage(halves)) + sizeOfMessage(eventType) + sizeOfMessage(contentType) +
		sizeOfBytes(len(event.Metadata)) + sizeOfBytes(len(event.Data))

	b := make([]byte, 0, sizeOfMessage(proposed))
	b = appendHead(b, appendReqProposedMessage, proposed)
	b = appendHead(b, proposedID, sizeOfMessage(halves))
	b = appendHead(b, uuidStructured, halves)
	b = appendVarint(b, uuidMost, uint64(most))
	b = appendVarint(b, uuidLeast, uint64(least))
	b = appendHead(b, proposedMetadata, eventType)
	b = appendBytes(b, entryKey, metadataType)
	b = appendBytes(b, entryValue, event.EventType)
	b = appendHead(b, proposedMetadata, contentType)
	b = appendBytes(b, entryKey, metadataContentType)
	b = appendBytes(b, entryValue, content)
	b = appendBytes(b, proposedCustomMetadata, event.Metadata)
	return appendBytes(b, proposedData, event.Data)
}
