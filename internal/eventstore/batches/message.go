package batches

import (
	"encoding/binary"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/emptypb"

	"am-user-management/internal/eventstore"
)

const (
	// eventOverhead is at least what an event takes in a message beside its bytes.
	eventOverhead = 256
	// correlationMark is the first half of every correlation id, which must not be zero.
	correlationMark = 1
)

func sizeOf(records []eventstore.Recorded) int {
	size := 0
	for i := range records {
		size += eventOverhead + len(records[i].Type) + len(records[i].Data) + len(records[i].Metadata)
	}
	return size
}

// request is an append in one message, without its correlation id.
func request(stream string, expected eventstore.Expected, records []eventstore.Recorded) *streams.BatchAppendReq {
	options := &streams.BatchAppendReq_Options{StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)}}
	if expected == eventstore.NoStream {
		options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}}
	} else {
		options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: uint64(expected)}
	}
	proposed := make([]*streams.BatchAppendReq_ProposedMessage, len(records))
	for i, record := range records {
		proposed[i] = &streams.BatchAppendReq_ProposedMessage{
			Id:             structured(record.ID),
			Metadata:       map[string]string{"type": record.Type, "content-type": "application/json"},
			CustomMetadata: record.Metadata, Data: record.Data,
		}
	}
	return &streams.BatchAppendReq{Options: options, ProposedMessages: proposed, IsFinal: true}
}

// read tells what an answer says. A refusal is known only where it says that the stream is elsewhere.
func read(answer *streams.BatchAppendResp) (eventstore.Appended, Outcome) {
	success := answer.GetSuccess()
	revision, hasRevision := success.GetCurrentRevisionOption().(*streams.BatchAppendResp_Success_CurrentRevision)
	position := success.GetPosition()
	if hasRevision && position != nil {
		return eventstore.Appended{
			Revision: revision.CurrentRevision,
			Position: eventstore.Position{Commit: position.GetCommitPosition(), Prepare: position.GetPreparePosition()},
		}, Stored
	}
	if success == nil && answer.GetError() != nil {
		for _, detail := range answer.GetError().GetDetails() {
			if detail.MessageIs((*shared.WrongExpectedVersion)(nil)) {
				return eventstore.Appended{}, NotStored
			}
		}
	}
	return eventstore.Appended{}, Unknown
}

func correlation(id uint64) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits: correlationMark, LeastSignificantBits: int64(id),
	}}}
}

// correlated is the number in a correlation id, 0 if it is not one of ours. Servers answer ids in either form.
func correlated(id *shared.UUID) uint64 {
	if text, isText := id.GetValue().(*shared.UUID_String_); isText {
		parsed, err := uuid.Parse(text.String_)
		if err != nil {
			return 0
		}
		return binary.BigEndian.Uint64(parsed[8:])
	}
	return uint64(id.GetStructured().GetLeastSignificantBits())
}

func structured(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(binary.BigEndian.Uint64(id[:8])),
		LeastSignificantBits: int64(binary.BigEndian.Uint64(id[8:])),
	}}}
}
