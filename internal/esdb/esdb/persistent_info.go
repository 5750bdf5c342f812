package esdb

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// GetPersistentSubscriptionOptions are the choices of asking about a group.
type GetPersistentSubscriptionOptions struct {
	Authenticated  *Credentials
	Deadline       *time.Duration
	RequiresLeader bool
}

// ListPersistentSubscriptionsOptions are the choices of asking about groups.
type ListPersistentSubscriptionsOptions struct {
	Authenticated  *Credentials
	Deadline       *time.Duration
	RequiresLeader bool
}

// PersistentSubscriptionInfo is a group as the server sees it.
type PersistentSubscriptionInfo struct {
	// EventSource is the name of the stream.
	EventSource string
	GroupName   string
	// Status is the server's word, such as Live or Behind.
	Status string
	// Connections are the consumers.
	Connections []PersistentSubscriptionConnectionInfo
	Settings    *PersistentSubscriptionSettings
	Stats       *PersistentSubscriptionStats
}

// PersistentSubscriptionStats is how far a group has come. Revisions are set
// for a group on one stream, positions for one on all; nil: none yet.
type PersistentSubscriptionStats struct {
	AveragePerSecond              int64
	TotalItems                    int64
	CountSinceLastMeasurement     int64
	LastCheckpointedEventRevision *uint64
	LastKnownEventRevision        *uint64
	LastCheckpointedPosition      *Position
	LastKnownPosition             *Position
	ReadBufferCount               int64
	LiveBufferCount               int64
	RetryBufferCount              int64
	TotalInFlightMessages         int64
	OutstandingMessagesCount      int64
	ParkedMessagesCount           int64
}

// PersistentSubscriptionConnectionInfo is a consumer as the server sees it.
type PersistentSubscriptionConnectionInfo struct {
	From                      string
	Username                  string
	AverageItemsPerSecond     float64
	TotalItemsProcessed       int64
	CountSinceLastMeasurement int64
	AvailableSlots            int64
	InFlightMessages          int64
	ConnectionName            string
	ExtraStatistics           []PersistentSubscriptionMeasurement
}

// PersistentSubscriptionMeasurement is one of the extra statistics.
type PersistentSubscriptionMeasurement struct {
	Key   string
	Value int64
}

// GetPersistentSubscriptionInfo describes a group. Errors have the codes
// ResourceNotFound, UnsupportedFeature, Parsing and those of any call.
func (c *Client) GetPersistentSubscriptionInfo(
	ctx context.Context, streamName, groupName string, opts GetPersistentSubscriptionOptions,
) (*PersistentSubscriptionInfo, error) {
	return c.persistentInfo(ctx, opts, false, &persistent.GetInfoReq_Options{
		GroupName:    groupName,
		StreamOption: &persistent.GetInfoReq_Options_StreamIdentifier{StreamIdentifier: wireStream(streamName)},
	})
}

// GetPersistentSubscriptionInfoToAll describes a group on all streams.
func (c *Client) GetPersistentSubscriptionInfoToAll(
	ctx context.Context, groupName string, opts GetPersistentSubscriptionOptions,
) (*PersistentSubscriptionInfo, error) {
	return c.persistentInfo(ctx, opts, true, &persistent.GetInfoReq_Options{
		GroupName: groupName, StreamOption: &persistent.GetInfoReq_Options_All{All: empty()},
	})
}

func (c *Client) persistentInfo(
	ctx context.Context, opts GetPersistentSubscriptionOptions, all bool, options *persistent.GetInfoReq_Options,
) (*PersistentSubscriptionInfo, error) {
	answer, err := managePersistent(ctx, c, persistentOptions(opts), "getinfo", all,
		&persistent.GetInfoReq{Options: options}, persistent.PersistentSubscriptionsClient.GetInfo)
	if err != nil {
		return nil, err
	}
	return persistentInfo(answer.GetSubscriptionInfo())
}

// ListAllPersistentSubscriptions describes all groups.
func (c *Client) ListAllPersistentSubscriptions(
	ctx context.Context, opts ListPersistentSubscriptionsOptions,
) ([]PersistentSubscriptionInfo, error) {
	return c.listPersistent(ctx, opts, false, &persistent.ListReq_Options{
		ListOption: &persistent.ListReq_Options_ListAllSubscriptions{ListAllSubscriptions: empty()},
	})
}

// ListPersistentSubscriptionsForStream describes the groups on a stream, or
// gives ResourceNotFound if there are none.
func (c *Client) ListPersistentSubscriptionsForStream(
	ctx context.Context, streamName string, opts ListPersistentSubscriptionsOptions,
) ([]PersistentSubscriptionInfo, error) {
	return c.listPersistent(ctx, opts, false, listFor(&persistent.ListReq_StreamOption{
		StreamOption: &persistent.ListReq_StreamOption_Stream{Stream: wireStream(streamName)},
	}))
}

// ListPersistentSubscriptionsToAll describes the groups on all streams.
func (c *Client) ListPersistentSubscriptionsToAll(
	ctx context.Context, opts ListPersistentSubscriptionsOptions,
) ([]PersistentSubscriptionInfo, error) {
	return c.listPersistent(ctx, opts, true, listFor(&persistent.ListReq_StreamOption{
		StreamOption: &persistent.ListReq_StreamOption_All{All: empty()},
	}))
}

func listFor(option *persistent.ListReq_StreamOption) *persistent.ListReq_Options {
	return &persistent.ListReq_Options{ListOption: &persistent.ListReq_Options_ListForStream{ListForStream: option}}
}

func (c *Client) listPersistent(
	ctx context.Context, opts ListPersistentSubscriptionsOptions, all bool, options *persistent.ListReq_Options,
) ([]PersistentSubscriptionInfo, error) {
	answer, err := managePersistent(ctx, c, persistentOptions(opts), "list", all,
		&persistent.ListReq{Options: options}, persistent.PersistentSubscriptionsClient.List)
	if err != nil {
		return nil, err
	}
	infos := make([]PersistentSubscriptionInfo, 0, len(answer.GetSubscriptions()))
	for _, wire := range answer.GetSubscriptions() {
		info, err := persistentInfo(wire)
		if err != nil {
			return nil, err
		}
		infos = append(infos, *info)
	}
	return infos, nil
}
