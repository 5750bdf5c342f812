package esdb

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// ContentType says how the data of an event is to be understood.
type ContentType int

const (
	// ContentTypeBinary is application/octet-stream.
	ContentTypeBinary ContentType = iota
	// ContentTypeJson is application/json.
	ContentTypeJson //nolint:revive // the official client's spelling
)

const (
	binaryContent = "application/octet-stream"
	jsonContent   = "application/json"
)

// EventData is an event to be written.
type EventData struct {
	// EventID makes repeating an append harmless. Zero: a random one is drawn.
	EventID uuid.UUID
	// EventType must not be empty.
	EventType   string
	ContentType ContentType
	Data        []byte
	// Metadata is the writer's own, next to the data.
	Metadata []byte
}

// RecordedEvent is an event as the server keeps it.
type RecordedEvent struct {
	EventID     uuid.UUID
	EventType   string
	ContentType string
	StreamID    string
	// EventNumber is the revision in the stream, from 0.
	EventNumber uint64
	Position    Position
	// CreatedDate is in UTC, to 100 ns.
	CreatedDate time.Time
	Data        []byte
	// SystemMetadata has the keys type, content-type and created.
	SystemMetadata map[string]string
	// UserMetadata is what the writer gave as Metadata.
	UserMetadata []byte
}

// ResolvedEvent is an event, with the link that led to it if there was one.
type ResolvedEvent struct {
	// Link is nil unless links are resolved and this was one.
	Link *RecordedEvent
	// Event is nil if the link leads nowhere.
	Event *RecordedEvent
	// Commit is the position of the original event, if the server sent one.
	Commit *uint64
}

// OriginalEvent is the event that stands in the stream that was read: the link
// if there is one.
func (e ResolvedEvent) OriginalEvent() *RecordedEvent {
	if e.Link != nil {
		return e.Link
	}
	return e.Event
}

// OriginalStreamRevision is the revision of the original event.
func (e ResolvedEvent) OriginalStreamRevision() StreamRevision {
	return Revision(e.OriginalEvent().EventNumber)
}

// UUIDAsInt64 splits an id into its big-endian halves, the higher one first.
func UUIDAsInt64(id uuid.UUID) (int64, int64) {
	return int64(binary.BigEndian.Uint64(id[:8])), int64(binary.BigEndian.Uint64(id[8:]))
}

// ParseUUIDFromInt64 joins two halves to an id. The error is always nil.
func ParseUUIDFromInt64(most, least int64) (uuid.UUID, error) {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(most))
	binary.BigEndian.PutUint64(id[8:], uint64(least))
	return id, nil
}
