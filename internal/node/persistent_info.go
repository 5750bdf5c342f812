package node

import (
	"context"
	"math"
	"time"

	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"

	"am-user-management/internal/node/persistent"
)

// GetInfo describes one group.
func (s *persistentService) GetInfo(ctx context.Context, request *wire.GetInfoReq) (*wire.GetInfoResp, error) {
	if err := s.guard.CheckUser(ctx); err != nil {
		return nil, asStatus(ctx, err)
	}
	options := request.GetOptions()
	_, all := options.GetStreamOption().(*wire.GetInfoReq_Options_All)
	stream, err := sourceName(options.GetStreamIdentifier(), all)
	if err != nil {
		return nil, err
	}
	info, err := s.groups.Info(stream, options.GetGroupName())
	if err != nil {
		return nil, persistentStatus(ctx, err)
	}
	return &wire.GetInfoResp{SubscriptionInfo: subscriptionInfo(info)}, nil
}

// List describes all groups, or those of one stream.
func (s *persistentService) List(ctx context.Context, request *wire.ListReq) (*wire.ListResp, error) {
	if err := s.guard.CheckUser(ctx); err != nil {
		return nil, asStatus(ctx, err)
	}
	var infos []*persistent.Info
	var err error
	switch list := request.GetOptions().GetListOption().(type) {
	case *wire.ListReq_Options_ListAllSubscriptions:
		infos, err = s.groups.List()
	case *wire.ListReq_Options_ListForStream:
		_, all := list.ListForStream.GetStreamOption().(*wire.ListReq_StreamOption_All)
		var stream string
		if stream, err = sourceName(list.ListForStream.GetStream(), all); err != nil {
			return nil, err
		}
		infos, err = s.groups.ListOf(stream)
	default:
		return nil, invalid("what to list is missing")
	}
	if err != nil {
		return nil, persistentStatus(ctx, err)
	}
	response := &wire.ListResp{Subscriptions: make([]*wire.SubscriptionInfo, 0, len(infos))}
	for _, info := range infos {
		response.Subscriptions = append(response.Subscriptions, subscriptionInfo(info))
	}
	return response, nil
}

func subscriptionInfo(info *persistent.Info) *wire.SubscriptionInfo {
	settings := &info.Settings
	out := &wire.SubscriptionInfo{
		EventSource: info.Stream, GroupName: info.Group, Status: "Behind",

		AveragePerSecond: int32(info.Finished.PerSecond), TotalItems: info.Finished.Total,
		CountSinceLastMeasurement:     info.Finished.Since,
		LastCheckpointedEventPosition: numberOrNone(info, info.Checkpoint),
		LastKnownEventPosition:        numberOrNone(info, info.LastKnown),

		ResolveLinkTos: settings.ResolveLinks, StartFrom: info.Number(info.Start),
		MessageTimeoutMilliseconds: int32(settings.MessageTimeout / time.Millisecond),
		ExtraStatistics:            settings.ExtraStatistics, MaxRetryCount: settings.MaxRetryCount,
		LiveBufferSize: settings.LiveBufferSize, BufferSize: settings.HistoryBufferSize,
		ReadBatchSize:               settings.ReadBatchSize,
		CheckPointAfterMilliseconds: int32(settings.CheckpointAfter / time.Millisecond),
		MinCheckPointCount:          settings.MinCheckpointCount, MaxCheckPointCount: settings.MaxCheckpointCount,
		NamedConsumerStrategy: string(settings.Strategy), MaxSubscriberCount: settings.MaxSubscriberCount,

		ReadBufferCount: int32(info.Fresh + info.ReadAhead), RetryBufferCount: int32(info.Retrying),
		TotalInFlightMessages:    int32(info.InFlight),
		OutstandingMessagesCount: int32(info.InFlight), ParkedMessageCount: info.ParkedCount,
	}
	if info.Live {
		out.Status = "Live"
	}
	if settings.CheckpointAfter == 0 {
		out.CheckPointAfterMilliseconds = math.MaxInt32 // EventStoreDB's word for never
	}
	for i := range info.Consumers {
		consumer := &info.Consumers[i]
		out.Connections = append(out.Connections, &wire.SubscriptionInfo_ConnectionInfo{
			Username: consumer.User, ConnectionName: consumer.Name,
			AverageItemsPerSecond: int32(consumer.Finished.PerSecond), TotalItems: consumer.Finished.Total,
			CountSinceLastMeasurement: consumer.Finished.Since,
			AvailableSlots:            int32(consumer.Free), InFlightMessages: int32(consumer.InFlight),
		})
	}
	return out
}

// numberOrNone writes a number of the source, nothing for the place before the first event.
func numberOrNone(info *persistent.Info, n int64) string {
	if n < 0 {
		return ""
	}
	return info.Number(n)
}
