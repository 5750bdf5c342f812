package node

import (
	"context"

	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"

	"am-user-management/internal/node/persistent"
)

// Delete removes a group.
func (s *persistentService) Delete(ctx context.Context, request *wire.DeleteReq) (*wire.DeleteResp, error) {
	if err := s.guard.CheckOperator(ctx); err != nil {
		return nil, asStatus(ctx, err)
	}
	options := request.GetOptions()
	_, all := options.GetStreamOption().(*wire.DeleteReq_Options_All)
	stream, err := sourceName(options.GetStreamIdentifier(), all)
	if err != nil {
		return nil, err
	}
	if err := checkSource(&persistent.Definition{Stream: stream, Group: options.GetGroupName()}, all); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	if err := s.groups.Delete(stream, options.GetGroupName()); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	return &wire.DeleteResp{}, nil
}

// ReplayParked sends parked events again.
func (s *persistentService) ReplayParked(ctx context.Context, request *wire.ReplayParkedReq) (*wire.ReplayParkedResp, error) {
	if err := s.guard.CheckOperator(ctx); err != nil {
		return nil, asStatus(ctx, err)
	}
	options := request.GetOptions()
	_, all := options.GetStreamOption().(*wire.ReplayParkedReq_Options_All)
	stream, err := sourceName(options.GetStreamIdentifier(), all)
	if err != nil {
		return nil, err
	}
	var stopAt int64 = persistent.ReplayAll
	switch stop := options.GetStopAtOption().(type) {
	case *wire.ReplayParkedReq_Options_StopAt:
		if stop.StopAt < 0 {
			return nil, persistentStatus(ctx, &persistent.Error{
				Kind: persistent.Refused, Stream: stream, Group: options.GetGroupName(),
				Reason: "Cannot stop replaying parked message at a negative version.",
			})
		}
		stopAt = stop.StopAt
	case *wire.ReplayParkedReq_Options_NoLimit:
	default:
		return nil, invalid("where to stop is missing")
	}
	if err := s.groups.Replay(stream, options.GetGroupName(), stopAt); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	return &wire.ReplayParkedResp{}, nil
}

// RestartSubsystem drops all consumers and reads all definitions again.
func (s *persistentService) RestartSubsystem(ctx context.Context, _ *shared.Empty) (*shared.Empty, error) {
	if err := s.guard.CheckOperator(ctx); err != nil {
		return nil, asStatus(ctx, err)
	}
	if err := s.groups.Restart(); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	return &shared.Empty{}, nil
}
