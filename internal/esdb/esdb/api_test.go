package esdb_test

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// What stands here is the official client's API at v4.2.0, projections left out: that this file compiles is the test.

var _ interface {
	AppendToStream(context.Context, string, esdb.AppendToStreamOptions, ...esdb.EventData) (*esdb.WriteResult, error)
	DeleteStream(context.Context, string, esdb.DeleteStreamOptions) (*esdb.DeleteResult, error)
	TombstoneStream(context.Context, string, esdb.TombstoneStreamOptions) (*esdb.DeleteResult, error)
	SetStreamMetadata(context.Context, string, esdb.AppendToStreamOptions, esdb.StreamMetadata) (*esdb.WriteResult, error)
	GetStreamMetadata(context.Context, string, esdb.ReadStreamOptions) (*esdb.StreamMetadata, error)
	ReadStream(context.Context, string, esdb.ReadStreamOptions, uint64) (*esdb.ReadStream, error)
	ReadAll(context.Context, esdb.ReadAllOptions, uint64) (*esdb.ReadStream, error)
	SubscribeToStream(context.Context, string, esdb.SubscribeToStreamOptions) (*esdb.Subscription, error)
	SubscribeToAll(context.Context, esdb.SubscribeToAllOptions) (*esdb.Subscription, error)
	GetServerVersion() (*esdb.ServerVersion, error)
	Close() error

	CreatePersistentSubscription(context.Context, string, string, esdb.PersistentStreamSubscriptionOptions) error
	CreatePersistentSubscriptionToAll(context.Context, string, esdb.PersistentAllSubscriptionOptions) error
	UpdatePersistentSubscription(context.Context, string, string, esdb.PersistentStreamSubscriptionOptions) error
	UpdatePersistentSubscriptionToAll(context.Context, string, esdb.PersistentAllSubscriptionOptions) error
	DeletePersistentSubscription(context.Context, string, string, esdb.DeletePersistentSubscriptionOptions) error
	DeletePersistentSubscriptionToAll(context.Context, string, esdb.DeletePersistentSubscriptionOptions) error
	SubscribeToPersistentSubscription(context.Context, string, string, esdb.SubscribeToPersistentSubscriptionOptions) (*esdb.PersistentSubscription, error)
	SubscribeToPersistentSubscriptionToAll(context.Context, string, esdb.SubscribeToPersistentSubscriptionOptions) (*esdb.PersistentSubscription, error)
	GetPersistentSubscriptionInfo(context.Context, string, string, esdb.GetPersistentSubscriptionOptions) (*esdb.PersistentSubscriptionInfo, error)
	GetPersistentSubscriptionInfoToAll(context.Context, string, esdb.GetPersistentSubscriptionOptions) (*esdb.PersistentSubscriptionInfo, error)
	ListAllPersistentSubscriptions(context.Context, esdb.ListPersistentSubscriptionsOptions) ([]esdb.PersistentSubscriptionInfo, error)
	ListPersistentSubscriptionsForStream(context.Context, string, esdb.ListPersistentSubscriptionsOptions) ([]esdb.PersistentSubscriptionInfo, error)
	ListPersistentSubscriptionsToAll(context.Context, esdb.ListPersistentSubscriptionsOptions) ([]esdb.PersistentSubscriptionInfo, error)
	ReplayParkedMessages(context.Context, string, string, esdb.ReplayParkedMessagesOptions) error
	ReplayParkedMessagesToAll(context.Context, string, esdb.ReplayParkedMessagesOptions) error
	RestartPersistentSubscriptionSubsystem(context.Context, esdb.RestartPersistentSubscriptionSubsystemOptions) error
} = (*esdb.Client)(nil)

var (
	_ interface{ Validate() error } = (*esdb.Configuration)(nil)
	_ interface{ String() string }  = (*esdb.EndPoint)(nil)
	_ interface{ String() string }  = esdb.NodePreference("")
	_ interface{ String() string }  = esdb.ErrorCode(0)

	_ interface {
		error
		Code() esdb.ErrorCode
		Err() error
		IsErrorCode(esdb.ErrorCode) bool
		Unwrap() error
	} = (*esdb.Error)(nil)

	_ interface {
		Recv() (*esdb.ResolvedEvent, error)
		Close()
	} = (*esdb.ReadStream)(nil)

	_ interface {
		Recv() *esdb.SubscriptionEvent
		Close() error
		Id() string
	} = (*esdb.Subscription)(nil)

	_ interface {
		Recv() *esdb.PersistentSubscriptionEvent
		Ack(...*esdb.ResolvedEvent) error
		Nack(string, esdb.NackAction, ...*esdb.ResolvedEvent) error
		Close() error
	} = (*esdb.PersistentSubscription)(nil)

	_ interface {
		OriginalEvent() *esdb.RecordedEvent
		OriginalStreamRevision() esdb.StreamRevision
	} = esdb.ResolvedEvent{}

	_ interface {
		SetMaxCount(uint64)
		SetMaxAge(time.Duration)
		SetTruncateBefore(uint64)
		SetCacheControl(time.Duration)
		SetAcl(interface{})
		AddCustomProperty(string, interface{})
		MaxCount() *uint64
		MaxAge() *time.Duration
		TruncateBefore() *uint64
		CacheControl() *time.Duration
		Acl() interface{}
		StreamAcl() *esdb.Acl
		CustomProperty(string) interface{}
		CustomProperties() map[string]interface{}
		IsUserStreamAcl() bool
		IsSystemStreamAcl() bool
		ToJson() ([]byte, error)
	} = (*esdb.StreamMetadata)(nil)

	_ interface {
		AddReadRoles(...string)
		AddWriteRoles(...string)
		AddDeleteRoles(...string)
		AddMetaReadRoles(...string)
		AddMetaWriteRoles(...string)
		ReadRoles() []string
		WriteRoles() []string
		DeleteRoles() []string
		MetaReadRoles() []string
		MetaWriteRoles() []string
	} = (*esdb.Acl)(nil)
)

var (
	_ func(string) (*esdb.Configuration, error)       = esdb.ParseConnectionString
	_ func(string) (*esdb.EndPoint, error)            = esdb.ParseEndPoint
	_ func(*esdb.Configuration) (*esdb.Client, error) = esdb.NewClient
	_ func(error) (*esdb.Error, bool)                 = esdb.FromError
	_ func(uint64) esdb.StreamRevision                = esdb.Revision
	_ func(string) (interface{}, error)               = esdb.ParseStreamPosition
	_ func(uuid.UUID) (int64, int64)                  = esdb.UUIDAsInt64
	_ func(int64, int64) (uuid.UUID, error)           = esdb.ParseUUIDFromInt64
	_ func([]byte) (*esdb.StreamMetadata, error)      = esdb.StreamMetadataFromJson
	_ func() *esdb.SubscriptionFilter                 = esdb.ExcludeSystemEventsFilter
	_ func() esdb.PersistentSubscriptionSettings      = esdb.SubscriptionSettingsDefault
	_ func() esdb.LoggingFunc                         = esdb.ConsoleLogging
	_ func() esdb.LoggingFunc                         = esdb.NoopLogging

	_ func(esdb.LogLevel, string, ...interface{}) = esdb.LoggingFunc(nil)
	_ string                                      = esdb.LogLevel("")
)

var (
	_ = []esdb.StreamPosition{esdb.Start{}, esdb.End{}, esdb.StreamRevision{Value: 1}}
	_ = []esdb.AllPosition{esdb.Start{}, esdb.End{}, esdb.Position{Commit: 1, Prepare: 1}}
	_ = []esdb.ExpectedRevision{esdb.Any{}, esdb.NoStream{}, esdb.StreamExists{}, esdb.StreamRevision{Value: 1}}
	_ = []esdb.NodePreference{
		esdb.NodePreferenceLeader, esdb.NodePreferenceFollower, esdb.NodePreferenceReadOnlyReplica, esdb.NodePreferenceRandom,
	}
	_ = []esdb.LogLevel{esdb.LogDebug, esdb.LogInfo, esdb.LogWarn, esdb.LogError}
	_ = []string{esdb.UserStreamAcl, esdb.SystemStreamAcl}
)

// The values of constants are a part of the API: code is compiled with them.
var (
	_ = [1]int{}[esdb.ContentTypeBinary]
	_ = [1]int{}[esdb.ContentTypeJson-1]
	_ = [1]int{}[esdb.Forwards]
	_ = [1]int{}[esdb.Backwards-1]
	_ = [1]int{}[esdb.EventFilterType]
	_ = [1]int{}[esdb.StreamFilterType-1]
	_ = [1]int{}[esdb.NoMaxSearchWindow+1]
	_ = [1]int{}[esdb.SubscriberCountUnlimited]
	_ = [1]int{}[esdb.NackActionUnknown]
	_ = [1]int{}[esdb.NackActionPark-1]
	_ = [1]int{}[esdb.NackActionRetry-2]
	_ = [1]int{}[esdb.NackActionSkip-3]
	_ = [1]int{}[esdb.NackActionStop-4]

	_ esdb.ConsumerStrategy = esdb.ConsumerStrategyRoundRobin
	_ esdb.ConsumerStrategy = esdb.ConsumerStrategyDispatchToSingle
	_ esdb.ConsumerStrategy = esdb.ConsumerStrategyPinned
)

// Fields by name and type.
var (
	deadline *time.Duration
	who      *esdb.Credentials

	_ = esdb.Configuration{
		Address: "", GossipSeeds: []*esdb.EndPoint{{Host: "", Port: uint16(1)}}, DisableTLS: false,
		NodePreference: esdb.NodePreferenceLeader, Username: "", Password: "", RootCAs: (*x509.CertPool)(nil),
		UserCertFile: "", UserKeyFile: "", SkipCertificateVerification: false, MaxDiscoverAttempts: 1, DiscoveryInterval: 1,
		GossipTimeout: 1, DnsDiscover: false, KeepAliveInterval: time.Second, KeepAliveTimeout: time.Second,
		DefaultDeadline: deadline, Logger: esdb.LoggingFunc(nil),
	}
	_ = esdb.Credentials{Login: "", Password: ""}
	_ = esdb.ServerVersion{Major: 1, Minor: 1, Patch: 1}
	_ = esdb.EventData{EventID: uuid.Nil, EventType: "", ContentType: esdb.ContentTypeJson, Data: []byte{}, Metadata: []byte{}}
	_ = esdb.RecordedEvent{
		EventID: uuid.Nil, EventType: "", ContentType: "", StreamID: "", EventNumber: uint64(1), Position: esdb.Position{},
		CreatedDate: time.Time{}, Data: []byte{}, SystemMetadata: map[string]string{}, UserMetadata: []byte{},
	}
	_ = esdb.ResolvedEvent{Link: &esdb.RecordedEvent{}, Event: &esdb.RecordedEvent{}, Commit: new(uint64)}
	_ = esdb.WriteResult{CommitPosition: uint64(1), PreparePosition: uint64(1), NextExpectedVersion: uint64(1)}
	_ = esdb.DeleteResult{Position: esdb.Position{Commit: uint64(1), Prepare: uint64(1)}}

	_ = esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}, Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}, Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}, Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.ReadStreamOptions{
		Direction: esdb.Forwards, From: esdb.Revision(1), ResolveLinkTos: true, Authenticated: who, Deadline: deadline, RequiresLeader: true,
	}
	_ = esdb.ReadAllOptions{
		Direction: esdb.Forwards, From: esdb.Position{}, ResolveLinkTos: true, Authenticated: who, Deadline: deadline, RequiresLeader: true,
	}
	_ = esdb.SubscribeToStreamOptions{
		From: esdb.Revision(1), ResolveLinkTos: true, Authenticated: who, Deadline: deadline, RequiresLeader: true,
	}
	_ = esdb.SubscribeToAllOptions{
		From: esdb.Position{}, ResolveLinkTos: true, MaxSearchWindow: 1, CheckpointInterval: 1, Filter: &esdb.SubscriptionFilter{},
		Authenticated: who, Deadline: deadline, RequiresLeader: true,
	}
	_ = esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{}, Regex: ""}
	_ = esdb.SubscriptionFilterOptions{MaxSearchWindow: 1, CheckpointInterval: 1, SubscriptionFilter: &esdb.SubscriptionFilter{}}
	_ = esdb.SubscriptionEvent{
		EventAppeared: &esdb.ResolvedEvent{}, SubscriptionDropped: &esdb.SubscriptionDropped{Error: error(nil)},
		CheckPointReached: &esdb.Position{}, CaughtUp: &esdb.Subscription{}, FellBehind: &esdb.Subscription{},
	}

	_ = esdb.PersistentStreamSubscriptionOptions{
		Settings: &esdb.PersistentSubscriptionSettings{}, StartFrom: esdb.Revision(1), Authenticated: who, Deadline: deadline, RequiresLeader: true,
	}
	_ = esdb.PersistentAllSubscriptionOptions{
		Settings: &esdb.PersistentSubscriptionSettings{}, StartFrom: esdb.Position{}, MaxSearchWindow: 1,
		Filter: &esdb.SubscriptionFilter{}, Authenticated: who, Deadline: deadline,
	}
	_ = esdb.SubscribeToPersistentSubscriptionOptions{BufferSize: uint32(1), Authenticated: who, Deadline: deadline}
	_ = esdb.DeletePersistentSubscriptionOptions{Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.GetPersistentSubscriptionOptions{Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.ListPersistentSubscriptionsOptions{Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.ReplayParkedMessagesOptions{StopAt: 1, Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.RestartPersistentSubscriptionSubsystemOptions{Authenticated: who, Deadline: deadline, RequiresLeader: true}
	_ = esdb.PersistentSubscriptionEvent{
		EventAppeared:       &esdb.EventAppeared{Event: &esdb.ResolvedEvent{}, RetryCount: 1},
		SubscriptionDropped: &esdb.SubscriptionDropped{}, CheckPointReached: &esdb.Position{},
	}
	_ = esdb.PersistentSubscriptionSettings{
		StartFrom: interface{}(nil), ResolveLinkTos: true, ExtraStatistics: true, MaxRetryCount: int32(1),
		CheckpointLowerBound: int32(1), CheckpointUpperBound: int32(1), MaxSubscriberCount: int32(1), LiveBufferSize: int32(1),
		ReadBatchSize: int32(1), HistoryBufferSize: int32(1), ConsumerStrategyName: esdb.ConsumerStrategyPinned,
		MessageTimeout: int32(1), CheckpointAfter: int32(1),
	}
	_ = esdb.PersistentSubscriptionInfo{
		EventSource: "", GroupName: "", Status: "", Connections: []esdb.PersistentSubscriptionConnectionInfo{},
		Settings: &esdb.PersistentSubscriptionSettings{}, Stats: &esdb.PersistentSubscriptionStats{},
	}
	_ = esdb.PersistentSubscriptionStats{
		AveragePerSecond: 1, TotalItems: 1, CountSinceLastMeasurement: 1,
		LastCheckpointedEventRevision: new(uint64), LastKnownEventRevision: new(uint64),
		LastCheckpointedPosition: &esdb.Position{}, LastKnownPosition: &esdb.Position{},
		ReadBufferCount: 1, LiveBufferCount: 1, RetryBufferCount: 1, TotalInFlightMessages: 1, OutstandingMessagesCount: 1,
		ParkedMessagesCount: 1,
	}
	_ = esdb.PersistentSubscriptionConnectionInfo{
		From: "", Username: "", AverageItemsPerSecond: float64(1), TotalItemsProcessed: 1, CountSinceLastMeasurement: 1,
		AvailableSlots: 1, InFlightMessages: 1, ConnectionName: "",
		ExtraStatistics: []esdb.PersistentSubscriptionMeasurement{{Key: "", Value: 1}},
	}
)
