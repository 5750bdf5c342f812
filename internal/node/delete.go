package node

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// Delete hides a stream until it is written to again.
func (s *streamsService) Delete(ctx context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
	options := request.GetOptions()
	name := streamName(options.GetStreamIdentifier())
	if err := s.guard.Check(ctx, access.Delete, name); err != nil {
		return nil, asStatus(ctx, err)
	}
	var expected store.Expected
	switch e := options.GetExpectedStreamRevision().(type) {
	case *streams.DeleteReq_Options_Revision:
		var err error
		if expected, err = expectation(e.Revision); err != nil {
			return nil, err
		}
	case *streams.DeleteReq_Options_NoStream:
		expected = store.NoStream
	case *streams.DeleteReq_Options_Any:
		expected = store.Any
	case *streams.DeleteReq_Options_StreamExists:
		expected = store.StreamExists
	default:
		return nil, invalid("the expected revision is missing")
	}
	result, err := s.store.Delete(ctx, name, expected)
	if err != nil {
		return nil, asStatus(ctx, err)
	}
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{Position: &streams.DeleteResp_Position{
		CommitPosition: result.Position, PreparePosition: result.Position,
	}}}, nil
}

// Tombstone closes a stream for ever.
func (s *streamsService) Tombstone(ctx context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	options := request.GetOptions()
	name := streamName(options.GetStreamIdentifier())
	if err := s.guard.Check(ctx, access.Delete, name); err != nil {
		return nil, asStatus(ctx, err)
	}
	var expected store.Expected
	switch e := options.GetExpectedStreamRevision().(type) {
	case *streams.TombstoneReq_Options_Revision:
		var err error
		if expected, err = expectation(e.Revision); err != nil {
			return nil, err
		}
	case *streams.TombstoneReq_Options_NoStream:
		expected = store.NoStream
	case *streams.TombstoneReq_Options_Any:
		expected = store.Any
	case *streams.TombstoneReq_Options_StreamExists:
		expected = store.StreamExists
	default:
		return nil, invalid("the expected revision is missing")
	}
	result, err := s.store.Tombstone(ctx, name, expected)
	if err != nil {
		return nil, asStatus(ctx, err)
	}
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{Position: &streams.TombstoneResp_Position{
		CommitPosition: result.Position, PreparePosition: result.Position,
	}}}, nil
}
