package esdb

import (
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// SubscriberCountUnlimited as MaxSubscriberCount lets any number of consumers in.
const SubscriberCountUnlimited = 0

// ConsumerStrategy says which consumer of a group gets an event.
type ConsumerStrategy string

// The strategies that groups can be made with.
const (
	// ConsumerStrategyRoundRobin goes around among those with room.
	ConsumerStrategyRoundRobin ConsumerStrategy = "RoundRobin"
	// ConsumerStrategyDispatchToSingle fills one before the next.
	ConsumerStrategyDispatchToSingle ConsumerStrategy = "DispatchToSingle"
	// ConsumerStrategyPinned gives a stream's events to the same one if possible.
	ConsumerStrategyPinned ConsumerStrategy = "Pinned"
)

// PersistentSubscriptionSettings are how the server runs a group. Start from
// SubscriptionSettingsDefault.
type PersistentSubscriptionSettings struct {
	// StartFrom is filled by info calls and ignored in requests.
	StartFrom interface{}
	// ResolveLinkTos follows links to their events.
	ResolveLinkTos bool
	// ExtraStatistics makes the server measure latencies.
	ExtraStatistics bool
	// MaxRetryCount is how often an event is tried again before it is parked.
	MaxRetryCount int32
	// CheckpointLowerBound and CheckpointUpperBound are how many events are done
	// between two checkpoints.
	CheckpointLowerBound int32
	CheckpointUpperBound int32
	// MaxSubscriberCount bounds the consumers.
	MaxSubscriberCount int32
	// LiveBufferSize, ReadBatchSize and HistoryBufferSize are numbers of events;
	// the second must be below the third.
	LiveBufferSize    int32
	ReadBatchSize     int32
	HistoryBufferSize int32
	// ConsumerStrategyName is one of the ConsumerStrategy constants.
	ConsumerStrategyName ConsumerStrategy
	// MessageTimeout is how long a consumer may take, in milliseconds.
	MessageTimeout int32
	// CheckpointAfter is the time between two checkpoints, in milliseconds.
	CheckpointAfter int32
}

// SubscriptionSettingsDefault are the settings of a group that was made without.
func SubscriptionSettingsDefault() PersistentSubscriptionSettings {
	return PersistentSubscriptionSettings{
		MaxRetryCount:        10,
		CheckpointLowerBound: 10,
		CheckpointUpperBound: 1000,
		MaxSubscriberCount:   SubscriberCountUnlimited,
		LiveBufferSize:       500,
		ReadBatchSize:        20,
		HistoryBufferSize:    500,
		ConsumerStrategyName: ConsumerStrategyRoundRobin,
		MessageTimeout:       30_000,
		CheckpointAfter:      2_000,
	}
}

// PersistentStreamSubscriptionOptions are the choices of a group on one stream.
type PersistentStreamSubscriptionOptions struct {
	// Settings; nil: SubscriptionSettingsDefault.
	Settings *PersistentSubscriptionSettings
	// StartFrom is the first event, included; nil: End.
	StartFrom StreamPosition
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the call.
	Deadline *time.Duration
	// RequiresLeader: these calls go to the leader in any case.
	RequiresLeader bool
}

// PersistentAllSubscriptionOptions are the choices of a group on all streams.
type PersistentAllSubscriptionOptions struct {
	// Settings; nil: SubscriptionSettingsDefault.
	Settings *PersistentSubscriptionSettings
	// StartFrom is the first event, included; nil: End.
	StartFrom AllPosition
	// MaxSearchWindow is that of SubscriptionFilterOptions.
	MaxSearchWindow int
	// Filter picks events; nil: all. An update leaves it as it was.
	Filter *SubscriptionFilter
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the call.
	Deadline *time.Duration
}

func settingsOrDefault(settings *PersistentSubscriptionSettings) PersistentSubscriptionSettings {
	if settings == nil {
		return SubscriptionSettingsDefault()
	}
	return *settings
}

// strategy is the number of the strategy, the same in requests to create and to
// update.
func (s PersistentSubscriptionSettings) strategy() (persistent.CreateReq_ConsumerStrategy, error) {
	switch s.ConsumerStrategyName {
	case ConsumerStrategyRoundRobin:
		return persistent.CreateReq_RoundRobin, nil
	case ConsumerStrategyDispatchToSingle:
		return persistent.CreateReq_DispatchToSingle, nil
	case ConsumerStrategyPinned:
		return persistent.CreateReq_Pinned, nil
	}
	return 0, failure(ErrorCodeInternalClient, "%q is no consumer strategy", s.ConsumerStrategyName)
}

func (s PersistentSubscriptionSettings) create() (*persistent.CreateReq_Settings, error) {
	strategy, err := s.strategy()
	if err != nil {
		return nil, err
	}
	return &persistent.CreateReq_Settings{
		ResolveLinks:       s.ResolveLinkTos,
		ExtraStatistics:    s.ExtraStatistics,
		MaxRetryCount:      s.MaxRetryCount,
		MinCheckpointCount: s.CheckpointLowerBound,
		MaxCheckpointCount: s.CheckpointUpperBound,
		MaxSubscriberCount: s.MaxSubscriberCount,
		LiveBufferSize:     s.LiveBufferSize,
		ReadBatchSize:      s.ReadBatchSize,
		HistoryBufferSize:  s.HistoryBufferSize,
		//nolint:staticcheck // servers before 22.10 know no other
		NamedConsumerStrategy: strategy,
		MessageTimeout:        &persistent.CreateReq_Settings_MessageTimeoutMs{MessageTimeoutMs: s.MessageTimeout},
		CheckpointAfter:       &persistent.CreateReq_Settings_CheckpointAfterMs{CheckpointAfterMs: s.CheckpointAfter},
	}, nil
}

func (s PersistentSubscriptionSettings) update() (*persistent.UpdateReq_Settings, error) {
	strategy, err := s.strategy()
	if err != nil {
		return nil, err
	}
	return &persistent.UpdateReq_Settings{
		ResolveLinks:          s.ResolveLinkTos,
		ExtraStatistics:       s.ExtraStatistics,
		MaxRetryCount:         s.MaxRetryCount,
		MinCheckpointCount:    s.CheckpointLowerBound,
		MaxCheckpointCount:    s.CheckpointUpperBound,
		MaxSubscriberCount:    s.MaxSubscriberCount,
		LiveBufferSize:        s.LiveBufferSize,
		ReadBatchSize:         s.ReadBatchSize,
		HistoryBufferSize:     s.HistoryBufferSize,
		NamedConsumerStrategy: persistent.UpdateReq_ConsumerStrategy(strategy),
		MessageTimeout:        &persistent.UpdateReq_Settings_MessageTimeoutMs{MessageTimeoutMs: s.MessageTimeout},
		CheckpointAfter:       &persistent.UpdateReq_Settings_CheckpointAfterMs{CheckpointAfterMs: s.CheckpointAfter},
	}, nil
}
