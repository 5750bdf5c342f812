// Package eventstore holds what every store and every reader of events shares: positions, expectations, the metadata
// envelope and the errors of an append. It knows no store; the adapters live in the folders below, and storetest is
// the suite that all of them pass. It imports domain and uuid only.
package eventstore

import (
	"time"

	"github.com/google/uuid"

	"am-user-management/domain"
)

// Position is a place in the log over all streams. Positions are ordered by Commit, then Prepare; the zero Position
// is before the first event.
type Position struct {
	Commit  uint64 `json:"commit"`
	Prepare uint64 `json:"prepare"`
}

// Less reports whether p is before other.
func (p Position) Less(other Position) bool {
	return p.Commit < other.Commit || p.Commit == other.Commit && p.Prepare < other.Prepare
}

// IsZero reports whether p is before the first event.
func (p Position) IsZero() bool { return p == Position{} }

// Expected is the revision that a stream must be at for an append to happen: NoStream, or the revision of its last
// event. There is no "any": a store forgets the ids of such appends when it restarts, and a retry would double them.
type Expected int64

// NoStream expects a stream without events.
const NoStream Expected = -1

// Recorded is an event as the store keeps it: undecoded.
type Recorded struct {
	ID       uuid.UUID
	Stream   string
	Revision uint64 // 0-based place in its stream
	Position Position
	Type     string
	Data     []byte // JSON, personal and secret fields encrypted
	Metadata []byte // JSON, see Metadata
	Created  time.Time
}

// Envelope is a recorded event, decoded. ID to Created are those of Recorded.
type Envelope struct {
	ID       uuid.UUID
	Stream   string
	Revision uint64
	Position Position
	Created  time.Time
	Meta     Metadata
	Event    domain.Event
}

// Draft is an event to be appended. ID makes a repeated append harmless: the same command drafts the same ids.
type Draft struct {
	ID    uuid.UUID
	Event domain.Event
	Meta  Metadata
}

// Appended tells where an append ended: the revision and the position of its last event. Position is zero when the
// store answered a repeated append whose events were truncated since.
type Appended struct {
	Revision uint64
	Position Position
}
