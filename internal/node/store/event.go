package store

import (
	"strings"
	"time"
)

// ID is an event's id, the 16 bytes of its UUID.
type ID [16]byte

// Event is what a writer hands in.
type Event struct {
	ID   ID
	Type string
	// JSON is the one bit that is kept of the content type.
	JSON     bool
	Data     []byte
	Metadata []byte
}

// Expected is the state in which a writer expects the stream: a revision, or one of the constants below.
type Expected int64

// The expectations that are no revision. Their values appear in EventStoreDB's error trailers.
const (
	NoStream     Expected = -1
	Any          Expected = -2
	StreamExists Expected = -4
)

// TombstoneRevision is the revision of the event that deletes a stream for good.
const TombstoneRevision = 1<<63 - 1

// Types of events that the store itself writes or gives a meaning to.
const (
	MetadataType  = "$metadata"
	TombstoneType = "$streamDeleted"
)

const metastreamPrefix = "$$"

// IsMetastream tells whether name is the metadata stream of another stream.
func IsMetastream(name string) bool { return strings.HasPrefix(name, metastreamPrefix) }

// metastreamBase returns the stream whose metadata the metastream name holds.
func metastreamBase(name string) string { return name[len(metastreamPrefix):] }

// Result is the outcome of an accepted write.
type Result struct {
	// Revision is that of the write's last event, or -1 if the stream has no event.
	Revision int64
	// Position is that of the write's last record, or 0 if it is unknown because the event has been truncated.
	Position uint64
}

const ticksPerSecond = int64(time.Second / tick)

// tick is the unit of an event's creation time.
const tick = 100 * time.Nanosecond

func ticksOf(t time.Time) int64 {
	return t.Unix()*ticksPerSecond + int64(t.Nanosecond())/int64(tick)
}
