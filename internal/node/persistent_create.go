package node

import (
	"context"

	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"

	"am-user-management/internal/node/persistent"
)

// Create adds a group.
func (s *persistentService) Create(ctx context.Context, request *wire.CreateReq) (*wire.CreateResp, error) {
	if err := s.guard.CheckOperator(ctx); err != nil {
		return nil, asStatus(ctx, err)
	}
	options := request.GetOptions()
	definition := persistent.Definition{Group: options.GetGroupName(), Settings: createSettings(options.GetSettings())}
	var err error
	switch target := options.GetStreamOption().(type) {
	case *wire.CreateReq_Options_All:
		definition.Stream = persistent.AllStream
		if definition.Filter, err = createFilter(target.All.GetFilter()); err != nil {
			return nil, err
		}
		switch start := target.All.GetAllOption().(type) {
		case *wire.CreateReq_AllOptions_Position:
			definition.Start, err = startPosition(start.Position)
		case *wire.CreateReq_AllOptions_End:
			definition.Start = persistent.FromEnd
		case *wire.CreateReq_AllOptions_Start:
		default:
			err = invalid("the position to start from is missing")
		}
	case *wire.CreateReq_Options_Stream:
		definition.Stream = streamName(target.Stream.GetStreamIdentifier())
		switch start := target.Stream.GetRevisionOption().(type) {
		case *wire.CreateReq_StreamOptions_Revision:
			definition.Start, err = startRevision(start.Revision)
		case *wire.CreateReq_StreamOptions_End:
			definition.Start = persistent.FromEnd
		case *wire.CreateReq_StreamOptions_Start:
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
	_, all := options.GetStreamOption().(*wire.CreateReq_Options_All)
	if err := checkSource(&definition, all); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	if err := s.groups.Create(definition); err != nil {
		return nil, persistentStatus(ctx, err)
	}
	return &wire.CreateResp{}, nil
}
