package logcopy

import (
	"fmt"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// placeholderType is the type of an event that keeps the place of one that the copied log does not have any more. A
// service that leaves out system events never sees it.
const placeholderType = "$placeholder"

// placeholderSpace is where the ids of placeholders come from, so that a repeated copy makes the same ones.
var placeholderSpace = uuid.MustParse("6d1f0d6e-7a55-4f5b-9b55-1a7c0c1f7f0e")

func placeholder(stream string, revision uint64) esdb.EventData {
	return esdb.EventData{
		EventID:     uuid.NewSHA1(placeholderSpace, fmt.Appendf(nil, "%d@%s", revision, stream)),
		EventType:   placeholderType,
		ContentType: esdb.ContentTypeBinary,
	}
}

func isPlaceholder(e *Event) bool { return e.EventType == placeholderType }
