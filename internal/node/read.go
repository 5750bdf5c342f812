package node

import (
	"context"
	"fmt"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// reader is one Read call: what was asked for, and where answers go.
type reader struct {
	store *store.Store
	guard *access.Guard
	call  grpc.ServerStream
	ctx   context.Context

	// resolve asks for the events that links point to.
	resolve bool
	// textIDs asks for ids as text.
	textIDs bool
	// bounds asks for messages that tell the first and last revision of a stream.
	bounds bool
	// following tells that events are sent as they come, not as they are read.
	following bool

	page store.Page
}

// pageRecords is how many records are taken from the store at once.
const pageRecords = 256

// Read answers with events and ends, or goes on for ever if a subscription was asked for.
func (s *streamsService) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	options := request.GetOptions()
	if err := checkCombination(options); err != nil {
		return err
	}
	r := &reader{
		store: s.store, guard: s.guard, call: call, ctx: call.Context(), resolve: options.GetResolveLinks(),
		bounds: options.GetControlOption().GetCompatibility() >= 1,
	}
	_, r.textIDs = options.GetUuidOption().GetContent().(*streams.ReadReq_Options_UUIDOption_String_)

	_, subscribe := options.GetCountOption().(*streams.ReadReq_Options_Subscription)
	if subscribe {
		var release func()
		r.ctx, release = s.untilClosing(call.Context())
		defer release()
	}
	var err error
	switch target := options.GetStreamOption().(type) {
	case *streams.ReadReq_Options_Stream:
		err = r.readOrSubscribeStream(options, target.Stream, subscribe)
	case *streams.ReadReq_Options_All:
		err = r.readOrSubscribeAll(options, target.All, subscribe)
	}
	return s.endOf(call.Context(), err)
}

// checkCombination refuses what EventStoreDB refuses: options left out, and those that do not go together.
func checkCombination(options *streams.ReadReq_Options) error {
	_, all := options.GetStreamOption().(*streams.ReadReq_Options_All)
	_, filtered := options.GetFilterOption().(*streams.ReadReq_Options_Filter)
	_, subscribe := options.GetCountOption().(*streams.ReadReq_Options_Subscription)
	backwards := options.GetReadDirection() != streams.ReadReq_Options_Forwards
	switch {
	case options.GetUuidOption() == nil:
		return invalid("the uuid option is missing")
	case options.GetStreamOption() == nil, options.GetCountOption() == nil, options.GetFilterOption() == nil,
		filtered && !all, subscribe && backwards:
		return invalid(fmt.Sprintf("The combination of (%T, %T, %v, %T) is invalid.", options.GetStreamOption(),
			options.GetCountOption(), options.GetReadDirection(), options.GetFilterOption()))
	case !subscribe && options.GetCount() == 0:
		return invalid("count must not be 0")
	}
	return nil
}

func (r *reader) readOrSubscribeStream(options *streams.ReadReq_Options, target *streams.ReadReq_Options_StreamOptions, subscribe bool) error {
	name := streamName(target.GetStreamIdentifier())
	if name == "" {
		return invalid("stream name must not be empty")
	}
	if err := r.guard.Check(r.ctx, access.Read, name); err != nil {
		return err
	}
	from, end, err := startOf(target, subscribe)
	switch {
	case err != nil:
		return err
	case subscribe && end:
		return r.subscribeStream(name, atEnd)
	case subscribe && from == atEnd:
		return invalid("revision out of range") // there is none after it
	case subscribe:
		return r.subscribeStream(name, from)
	case options.GetReadDirection() == streams.ReadReq_Options_Backwards:
		return r.readStreamBackwards(name, from, clampCount(options))
	case end:
		return invalid("a stream cannot be read forwards from its end")
	}
	return r.readStreamForwards(name, from, clampCount(options))
}

// startOf returns the revision at which a read starts, the highest for the end, and whether that is the end.
func startOf(target *streams.ReadReq_Options_StreamOptions, subscribe bool) (from int64, end bool, err error) {
	switch start := target.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Revision:
		if start.Revision == math.MaxUint64 {
			return math.MaxInt64, true, nil
		}
		from, err = revision(start.Revision)
		return from, false, err
	case *streams.ReadReq_Options_StreamOptions_Start:
		if subscribe {
			from = beforeFirst
		}
		return from, false, nil
	case *streams.ReadReq_Options_StreamOptions_End:
		return math.MaxInt64, true, nil
	}
	return 0, false, invalid("the revision to read from is missing")
}

func clampCount(options *streams.ReadReq_Options) int64 {
	return int64(min(options.GetCount(), math.MaxInt64))
}

// send sends one event as it is, or what it links to.
func (r *reader) send(record *store.Record) error {
	if r.resolve && string(record.Type) == store.LinkType {
		return r.sendResolved(record)
	}
	return r.call.SendMsg(encodeEvent(record, nil, r.textIDs))
}

func (r *reader) sendNotFound(name string) error {
	return r.call.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
		StreamNotFound: &streams.ReadResp_StreamNotFound{
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(name)},
		},
	}})
}

func (r *reader) sendFirst(revision int64) error {
	if !r.bounds {
		return nil
	}
	return r.call.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: uint64(revision)}})
}

func (r *reader) sendLast(revision int64) error {
	if !r.bounds {
		return nil
	}
	return r.call.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: uint64(revision)}})
}
