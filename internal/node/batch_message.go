package node

import (
	"errors"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"am-user-management/internal/node/store"
)

var (
	errBatchTime      = errors.New("the batch was not whole in time")
	errTooManyBatches = errors.New("too many batches are not whole yet")
	errNoStreamName   = errors.New("the stream name is missing")
)

// batch is one append of a BatchAppend call.
type batch struct {
	correlation *shared.UUID
	stream      *shared.StreamIdentifier
	expected    store.Expected
	events      []store.Event
	bytes       int
	// held is the size of its messages, as far as they take room.
	held    int64
	expires time.Time
	// refused is what is wrong with the messages of the batch.
	refused error
}

// batchAnswer is a batch that is begun, or refused.
type batchAnswer struct {
	batch   *batch
	pending store.Pending // of no use if err is set
	err     error
}

// batchID reads a correlation id, which nobody may leave out.
func batchID(id *shared.UUID) (store.ID, error) {
	parsed, err := eventID(id)
	if err != nil || parsed == (store.ID{}) {
		return store.ID{}, errors.New("the correlation id is missing or no UUID")
	}
	return parsed, nil
}

// newBatch is the batch that a message with options opens.
func newBatch(message *streams.BatchAppendReq, now time.Time) *batch {
	options := message.GetOptions()
	one := &batch{correlation: message.GetCorrelationId(), stream: options.GetStreamIdentifier(), expires: batchExpiry(options, now)}
	one.expected, one.refused = batchExpectation(options)
	return one
}

func batchExpectation(options *streams.BatchAppendReq_Options) (store.Expected, error) {
	switch expected := options.GetExpectedStreamPosition().(type) {
	case *streams.BatchAppendReq_Options_StreamPosition:
		return expectation(expected.StreamPosition)
	case *streams.BatchAppendReq_Options_NoStream:
		return store.NoStream, nil
	case *streams.BatchAppendReq_Options_Any:
		return store.Any, nil
	case *streams.BatchAppendReq_Options_StreamExists:
		return store.StreamExists, nil
	}
	return 0, errors.New("the expected revision is missing")
}

func batchExpiry(options *streams.BatchAppendReq_Options, now time.Time) time.Time {
	latest := now.Add(batchTime)
	asked := latest
	switch deadline := options.GetDeadlineOption().(type) {
	case *streams.BatchAppendReq_Options_Deadline:
		asked = now.Add(deadline.Deadline.AsDuration())
	case *streams.BatchAppendReq_Options_Deadline_21_10_0:
		asked = deadline.Deadline_21_10_0.AsTime()
	}
	if asked.Before(latest) {
		return asked
	}
	return latest
}

// add takes more events, no more bytes than the limit.
func (b *batch) add(proposed []*streams.BatchAppendReq_ProposedMessage, limit int) {
	for _, one := range proposed {
		if b.refused != nil {
			return
		}
		id, err := eventID(one.GetId())
		if err != nil {
			b.refused = err
			return
		}
		eventType := one.GetMetadata()[metadataType]
		contentType, contented := one.GetMetadata()[metadataContentType]
		if id == (store.ID{}) || eventType == "" || !contented {
			b.refused = errors.New("an event needs an id, a type and a content-type")
			return
		}
		if b.bytes += len(one.GetData()); b.bytes > limit {
			b.refused = &store.TooLargeError{Limit: limit, Size: b.bytes}
			return
		}
		b.events = append(b.events, store.Event{
			ID: id, Type: eventType, JSON: contentType == contentTypeJSON,
			Data: one.GetData(), Metadata: one.GetCustomMetadata(),
		})
	}
}
