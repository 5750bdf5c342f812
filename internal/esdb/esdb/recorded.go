package esdb

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// Keys of the system metadata.
const (
	metadataType        = "type"
	metadataContentType = "content-type"
	metadataCreated     = "created"
)

// ticksPerSecond is the resolution of times on the wire.
const ticksPerSecond = 10_000_000

// wireEvent is a recorded event of any service: each has a message of its own
// with the same fields.
type wireEvent interface {
	GetId() *shared.UUID
	GetStreamIdentifier() *shared.StreamIdentifier
	GetStreamRevision() uint64
	GetPreparePosition() uint64
	GetCommitPosition() uint64
	GetMetadata() map[string]string
	GetCustomMetadata() []byte
	GetData() []byte
}

// recorded turns a wire event into ours. Errors have code Parsing.
func recorded(event wireEvent) (*RecordedEvent, error) {
	id, err := parseID(event.GetId())
	if err != nil {
		return nil, err
	}
	system := event.GetMetadata()
	created, err := parseTicks(system[metadataCreated])
	if err != nil {
		return nil, err
	}
	return &RecordedEvent{
		EventID:        id,
		EventType:      system[metadataType],
		ContentType:    system[metadataContentType],
		StreamID:       string(event.GetStreamIdentifier().GetStreamName()),
		EventNumber:    event.GetStreamRevision(),
		Position:       Position{Commit: event.GetCommitPosition(), Prepare: event.GetPreparePosition()},
		CreatedDate:    created,
		Data:           event.GetData(),
		SystemMetadata: system,
		UserMetadata:   event.GetCustomMetadata(),
	}, nil
}

func parseID(id *shared.UUID) (uuid.UUID, error) {
	if text, ok := id.GetValue().(*shared.UUID_String_); ok {
		parsed, err := uuid.Parse(text.String_)
		if err != nil {
			return uuid.UUID{}, failure(ErrorCodeParsing, "event id: %w", err)
		}
		return parsed, nil
	}
	halves := id.GetStructured()
	return ParseUUIDFromInt64(halves.GetMostSignificantBits(), halves.GetLeastSignificantBits())
}

// parseTicks reads a decimal count of 100-ns ticks since the Unix epoch.
func parseTicks(text string) (time.Time, error) {
	ticks, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, failure(ErrorCodeParsing, "creation time of an event: %w", err)
	}
	return time.Unix(ticks/ticksPerSecond, ticks%ticksPerSecond*100).UTC(), nil
}

func wireID(id uuid.UUID) *shared.UUID {
	most, least := UUIDAsInt64(id)
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  most,
		LeastSignificantBits: least,
	}}}
}

func wireStream(name string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(name)}
}
