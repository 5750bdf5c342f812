package node

import (
	"math"
	"time"

	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"

	"am-user-management/internal/node/persistent/group"
)

func createSettings(s *wire.CreateReq_Settings) group.Settings {
	settings := commonSettings(s)
	settings.MessageTimeout = timeOf(s.GetMessageTimeoutMs(), s.GetMessageTimeoutTicks())
	settings.CheckpointAfter = timeOf(s.GetCheckpointAfterMs(), s.GetCheckpointAfterTicks())
	if settings.Strategy = group.Strategy(s.GetConsumerStrategy()); settings.Strategy == "" {
		settings.Strategy = strategyOf(int32(s.GetNamedConsumerStrategy())) //nolint:staticcheck // old clients
	}
	return settings
}

func updateSettings(s *wire.UpdateReq_Settings) group.Settings {
	settings := commonSettings(s)
	settings.MessageTimeout = timeOf(s.GetMessageTimeoutMs(), s.GetMessageTimeoutTicks())
	settings.CheckpointAfter = timeOf(s.GetCheckpointAfterMs(), s.GetCheckpointAfterTicks())
	settings.Strategy = strategyOf(int32(s.GetNamedConsumerStrategy()))
	return settings
}

// anySettings is what Create's and Update's settings have in common.
type anySettings interface {
	GetResolveLinks() bool
	GetExtraStatistics() bool
	GetMaxRetryCount() int32
	GetMinCheckpointCount() int32
	GetMaxCheckpointCount() int32
	GetMaxSubscriberCount() int32
	GetLiveBufferSize() int32
	GetReadBatchSize() int32
	GetHistoryBufferSize() int32
}

func commonSettings(s anySettings) group.Settings {
	return group.Settings{
		ResolveLinks: s.GetResolveLinks(), ExtraStatistics: s.GetExtraStatistics(),
		MaxRetryCount:      s.GetMaxRetryCount(),
		MinCheckpointCount: s.GetMinCheckpointCount(), MaxCheckpointCount: s.GetMaxCheckpointCount(),
		MaxSubscriberCount: s.GetMaxSubscriberCount(), LiveBufferSize: s.GetLiveBufferSize(),
		ReadBatchSize: s.GetReadBatchSize(), HistoryBufferSize: s.GetHistoryBufferSize(),
	}
}

// timeOf reads a time in milliseconds or in ticks of 100 ns, of which one is 0. It keeps whole milliseconds.
func timeOf(ms int32, ticks int64) time.Duration {
	const ticksPerMS = int64(time.Millisecond / (100 * time.Nanosecond))
	return time.Duration(min(int64(ms)+ticks/ticksPerMS, math.MaxInt32)) * time.Millisecond
}

// strategyOf names a strategy of the protocol's enumerations, which agree.
func strategyOf(number int32) group.Strategy {
	switch wire.CreateReq_ConsumerStrategy(number) {
	case wire.CreateReq_RoundRobin:
		return group.RoundRobin
	case wire.CreateReq_Pinned:
		return group.Pinned
	case wire.CreateReq_DispatchToSingle:
	}
	return group.DispatchToSingle
}
