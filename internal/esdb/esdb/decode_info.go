package esdb

import (
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// persistentInfo turns a description of a group into ours. Errors have code Parsing.
func persistentInfo(wire *persistent.SubscriptionInfo) (*PersistentSubscriptionInfo, error) {
	from, err := ParseStreamPosition(wire.GetStartFrom())
	if err != nil {
		return nil, err
	}
	stats := &PersistentSubscriptionStats{
		AveragePerSecond:          int64(wire.GetAveragePerSecond()),
		TotalItems:                wire.GetTotalItems(),
		CountSinceLastMeasurement: wire.GetCountSinceLastMeasurement(),
		ReadBufferCount:           int64(wire.GetReadBufferCount()),
		LiveBufferCount:           wire.GetLiveBufferCount(),
		RetryBufferCount:          int64(wire.GetRetryBufferCount()),
		TotalInFlightMessages:     int64(wire.GetTotalInFlightMessages()),
		OutstandingMessagesCount:  int64(wire.GetOutstandingMessagesCount()),
		ParkedMessagesCount:       wire.GetParkedMessageCount(),
	}
	all := wire.GetEventSource() == "$all"
	stats.LastCheckpointedEventRevision, stats.LastCheckpointedPosition, err = progress(wire.GetLastCheckpointedEventPosition(), all)
	if err != nil {
		return nil, err
	}
	stats.LastKnownEventRevision, stats.LastKnownPosition, err = progress(wire.GetLastKnownEventPosition(), all)
	if err != nil {
		return nil, err
	}
	info := &PersistentSubscriptionInfo{
		EventSource: wire.GetEventSource(),
		GroupName:   wire.GetGroupName(),
		Status:      wire.GetStatus(),
		Stats:       stats,
		Settings: &PersistentSubscriptionSettings{
			StartFrom:            from,
			ResolveLinkTos:       wire.GetResolveLinkTos(),
			ExtraStatistics:      wire.GetExtraStatistics(),
			MaxRetryCount:        wire.GetMaxRetryCount(),
			CheckpointLowerBound: wire.GetMinCheckPointCount(),
			CheckpointUpperBound: wire.GetMaxCheckPointCount(),
			MaxSubscriberCount:   wire.GetMaxSubscriberCount(),
			LiveBufferSize:       wire.GetLiveBufferSize(),
			ReadBatchSize:        wire.GetReadBatchSize(),
			HistoryBufferSize:    wire.GetBufferSize(),
			ConsumerStrategyName: ConsumerStrategy(wire.GetNamedConsumerStrategy()),
			MessageTimeout:       wire.GetMessageTimeoutMilliseconds(),
			CheckpointAfter:      wire.GetCheckPointAfterMilliseconds(),
		},
	}
	for _, consumer := range wire.GetConnections() {
		info.Connections = append(info.Connections, consumerInfo(consumer))
	}
	return info, nil
}

func consumerInfo(wire *persistent.SubscriptionInfo_ConnectionInfo) PersistentSubscriptionConnectionInfo {
	info := PersistentSubscriptionConnectionInfo{
		From:                      wire.GetFrom(),
		Username:                  wire.GetUsername(),
		AverageItemsPerSecond:     float64(wire.GetAverageItemsPerSecond()),
		TotalItemsProcessed:       wire.GetTotalItems(),
		CountSinceLastMeasurement: wire.GetCountSinceLastMeasurement(),
		AvailableSlots:            int64(wire.GetAvailableSlots()),
		InFlightMessages:          int64(wire.GetInFlightMessages()),
		ConnectionName:            wire.GetConnectionName(),
	}
	for _, measured := range wire.GetObservedMeasurements() {
		info.ExtraStatistics = append(info.ExtraStatistics,
			PersistentSubscriptionMeasurement{Key: measured.GetKey(), Value: measured.GetValue()})
	}
	return info
}

// progress reads how far a group has come: a revision, or a position if it is
// on all streams. Before its first event the text is empty or means the end.
func progress(text string, all bool) (*uint64, *Position, error) {
	if text == "" {
		return nil, nil, nil
	}
	parsed, err := ParseStreamPosition(text)
	if err != nil {
		return nil, nil, err
	}
	switch place := parsed.(type) {
	case StreamRevision:
		return &place.Value, nil, nil
	case *Position:
		return nil, place, nil
	case Start: // the text of revision 0 or position 0
		if all {
			return nil, &Position{}, nil
		}
		return new(uint64), nil, nil
	}
	return nil, nil, nil
}
