package feed

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"

	"am-user-management/internal/eventstore"
)

// The metadata of a message.
const (
	// MetaFirst and MetaLast are the positions of the batch, "commit/prepare": of its first event, and the one to go
	// on after.
	MetaFirst = "first_position"
	MetaLast  = "last_position"
	// MetaCount is the number of events in the batch.
	MetaCount = "events"
)

// Batch is what one message carries: events that follow each other in the topic.
type Batch struct {
	Events []eventstore.Recorded
	// Last is the position to go on after. It is past the last event if the store said that nothing follows it yet.
	Last eventstore.Position

	turn Turn
}

type batchKey struct{}

// BatchOf returns the batch of a message that a Subscriber delivered. The events are attached to the message's
// context instead of framed in its payload: they never leave the process.
func BatchOf(msg *message.Message) (Batch, bool) {
	batch, ok := msg.Context().Value(batchKey{}).(Batch)
	return batch, ok
}

// newMessage makes a message of a batch; the message of one event also has its data as payload, and its metadata.
func newMessage(ctx context.Context, batch Batch, single bool) *message.Message {
	first := &batch.Events[0]
	msg := message.NewMessage(first.ID.String(), nil)
	if single {
		msg.Payload = first.Data
		var metadata map[string]any
		if json.Unmarshal(first.Metadata, &metadata) == nil {
			for key, value := range metadata {
				if text, ok := value.(string); ok {
					msg.Metadata.Set(key, text)
				}
			}
		}
	}
	msg.Metadata.Set(MetaFirst, positionText(first.Position))
	msg.Metadata.Set(MetaLast, positionText(batch.Last))
	msg.Metadata.Set(MetaCount, strconv.Itoa(len(batch.Events)))
	msg.SetContext(context.WithValue(ctx, batchKey{}, batch))
	return msg
}

func positionText(p eventstore.Position) string {
	return strconv.FormatUint(p.Commit, 10) + "/" + strconv.FormatUint(p.Prepare, 10)
}
