package esdb

import (
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// readRequest is a request for count events; what to read is yet to be set.
func readRequest(direction Direction, resolveLinks bool, count uint64) *streams.ReadReq {
	wire := streams.ReadReq_Options_Forwards
	if direction == Backwards {
		wire = streams.ReadReq_Options_Backwards
	}
	return &streams.ReadReq{Options: &streams.ReadReq_Options{
		ReadDirection: wire,
		ResolveLinks:  resolveLinks,
		CountOption:   &streams.ReadReq_Options_Count{Count: count},
		FilterOption:  &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption:    structuredIDs(),
	}}
}

// subscribeRequest is a request for all events to come; what to follow is yet
// to be set.
func subscribeRequest(resolveLinks bool) *streams.ReadReq {
	request := readRequest(Forwards, resolveLinks, 0)
	request.Options.CountOption = &streams.ReadReq_Options_Subscription{
		Subscription: &streams.ReadReq_Options_SubscriptionOptions{},
	}
	return request
}

func structuredIDs() *streams.ReadReq_Options_UUIDOption {
	return &streams.ReadReq_Options_UUIDOption{
		Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}},
	}
}

func streamOption(streamID string, from, byDefault StreamPosition) *streams.ReadReq_Options_Stream {
	if from == nil {
		from = byDefault
	}
	options := &streams.ReadReq_Options_StreamOptions{StreamIdentifier: wireStream(streamID)}
	switch place, revision := from.inStream(); place {
	case atStart:
		options.RevisionOption = &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}}
	case atEnd:
		options.RevisionOption = &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}}
	case atPosition:
		options.RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: revision}
	}
	return &streams.ReadReq_Options_Stream{Stream: options}
}

func allOption(from, byDefault AllPosition) *streams.ReadReq_Options_All {
	if from == nil {
		from = byDefault
	}
	options := new(streams.ReadReq_Options_AllOptions)
	switch place, position := from.inAll(); place {
	case atStart:
		options.AllOption = &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}}
	case atEnd:
		options.AllOption = &streams.ReadReq_Options_AllOptions_End{End: &shared.Empty{}}
	case atPosition:
		options.AllOption = &streams.ReadReq_Options_AllOptions_Position{Position: &streams.ReadReq_Options_Position{
			CommitPosition:  position.Commit,
			PreparePosition: position.Prepare,
		}}
	}
	return &streams.ReadReq_Options_All{All: options}
}

func wireStream(name string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(name)}
}
