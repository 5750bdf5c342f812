package node

import (
	"context"

	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"

	"am-user-management/internal/node/persistent"
)

// Update changes a group.
func (s *persistentService) Update(ctx context.Context, request *wire.UpdateReq) (*wire.UpdateResp, error) {
	if err := s.guard.CheckOperator(ctx); err != nil {
		return nil, asStatus(ctx, err)
	}
	options := request.GetOptions()
	definition := persistent.Definition{Group: options.GetGroupName(), Settings: updateSettings(options.GetSettings())}
	var err error
	switch target := options.GetStreamOption().(type) {
	case *wire.UpdateReq_Options_All:
		definition.Stream = persistent.AllStream
		switch start := target.All.GetAllOption().(type) {
		case *wire.UpdateReq_AllOptions_Position:
			definition.Start, err = startPosition(start.Position)
		case *wire.UpdateReq_AllOptions_End:
			definition.Start = persistent.FromEnd
		case *wire.UpdateReq_AllOptions_Start:
		default:
			err = invalid("the position to start from is missing")
		}
	case *wire.UpdateReq_Options_Stream:
		definition.Stream = streamName(target.Stream.GetStreamIdentifier())
		switch start := target.Stream.GetRevisionOption().(type) {
		case *wire.UpdateReq_StreamOptions_Revision:
			definition.Start, err = startRevision(start.Revision)
		case *wire.UpdateReq_StreamOptions_End:
			definition.Start = persistent.FromEnd
		case *wire.UpdateReq_StreamOptions_Start:
		default:
			err = invalid("the revision to start from is missing")
		}
	default:
		definition.Stream = streamName(options.GetStreamIdentifier())              //nolint:staticcheck // old clients
		definition.Start, err = startRevision(options.GetSettings().GetRevision()) //nolint:staticcheck // old clients
	}
	if err != nil {
		return nil, err
	}
	_, all := options.GetStreamOption().(*wire.UpdateReq_Options_All)
	if err := checkSource(&definition, all); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	if err := s.groups.Update(definition); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	return &wire.UpdateResp{}, nil
}
