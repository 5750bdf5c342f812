package esdb

import (
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Tags of RecordedEvent.
const (
	recordedID             = 1<<3 | ofBytes
	recordedStream         = 2<<3 | ofBytes
	recordedRevision       = 3<<3 | ofVarint
	recordedPrepare        = 4<<3 | ofVarint
	recordedCommit         = 5<<3 | ofVarint
	recordedMetadata       = 6<<3 | ofBytes
	recordedCustomMetadata = 7<<3 | ofBytes
	recordedData           = 8<<3 | ofBytes
)

// Keys of the system metadata.
const (
	metadataType        = "type"
	metadataContentType = "content-type"
	metadataCreated     = "created"
)

// ticksPerSecond is the resolution of times on the wire.
const ticksPerSecond = 10_000_000

func (a *readAnswer) decodeRecorded(message []byte) (*RecordedEvent, error) {
	event := &RecordedEvent{SystemMetadata: make(map[string]string, 3)}
	field := fields{rest: message}
	for field.next() {
		var err error
		switch field.tag {
		case recordedID:
			event.EventID, err = decodeID(field.bytes)
		case recordedStream:
			event.StreamID, err = a.decodeStream(field.bytes)
		case recordedRevision:
			event.EventNumber = field.varint
		case recordedPrepare:
			event.Position.Prepare = field.varint
		case recordedCommit:
			event.Position.Commit = field.varint
		case recordedMetadata:
			err = a.decodeEntry(field.bytes, event.SystemMetadata)
		case recordedCustomMetadata:
			event.UserMetadata = slices.Clip(field.bytes)
		case recordedData:
			event.Data = slices.Clip(field.bytes)
		}
		if err != nil {
			return nil, err
		}
	}
	if field.err != nil {
		return nil, field.err
	}
	event.EventType = event.SystemMetadata[metadataType]
	event.ContentType = event.SystemMetadata[metadataContentType]
	var err error
	event.CreatedDate, err = parseTicks(event.SystemMetadata[metadataCreated])
	return event, err
}

func (a *readAnswer) decodeStream(message []byte) (string, error) {
	var name string
	field := fields{rest: message}
	for field.next() {
		if field.tag == streamIdentifierName {
			name = a.names.text(field.bytes)
		}
	}
	return name, field.err
}

func (a *readAnswer) decodeEntry(message []byte, into map[string]string) error {
	var key string
	var value []byte
	field := fields{rest: message}
	for field.next() {
		switch field.tag {
		case entryKey:
			key = a.names.text(field.bytes)
		case entryValue:
			value = field.bytes
		}
	}
	if key == metadataCreated {
		into[key] = string(value)
	} else {
		into[key] = a.names.text(value)
	}
	return field.err
}

func decodeID(message []byte) (uuid.UUID, error) {
	var id uuid.UUID
	var err error
	field := fields{rest: message}
	for field.next() {
		switch field.tag {
		case uuidStructured:
			id, err = decodeHalves(field.bytes)
		case uuidString:
			id, err = uuid.ParseBytes(field.bytes)
		}
		if err != nil {
			return id, failure(ErrorCodeParsing, "event id: %w", err)
		}
	}
	return id, field.err
}

func decodeHalves(message []byte) (uuid.UUID, error) {
	var most, least uint64
	field := fields{rest: message}
	for field.next() {
		switch field.tag {
		case uuidMost:
			most = field.varint
		case uuidLeast:
			least = field.varint
		}
	}
	if field.err != nil {
		return uuid.UUID{}, field.err
	}
	return ParseUUIDFromInt64(int64(most), int64(least))
}

// parseTicks reads a decimal count of 100-ns ticks since the Unix epoch.
func parseTicks(text string) (time.Time, error) {
	ticks, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, failure(ErrorCodeParsing, "creation time of an event: %w", err)
	}
	return time.Unix(ticks/ticksPerSecond, ticks%ticksPerSecond*100).UTC(), nil
}

// maxTexts bounds what a long read remembers.
const maxTexts = 256

// texts shares equal texts, such as the types of events, among the events of a read.
type texts map[string]string

func (t *texts) text(bytes []byte) string {
	if known, ok := (*t)[string(bytes)]; ok {
		return known
	}
	if *t == nil || len(*t) >= maxTexts {
		*t = make(texts)
	}
	text := string(bytes)
	(*t)[text] = text
	return text
}
