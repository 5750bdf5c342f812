package esdb

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// CreatePersistentSubscription makes a group on a stream, which need not exist
// yet. Errors have the codes ResourceAlreadyExists, AccessDenied, Unknown (the
// server did not like the settings) and those of any call.
func (c *Client) CreatePersistentSubscription(
	ctx context.Context, streamName, groupName string, options PersistentStreamSubscriptionOptions,
) error {
	settings, err := settingsOrDefault(options.Settings).create()
	if err != nil {
		return err
	}
	from := &persistent.CreateReq_StreamOptions{StreamIdentifier: wireStream(streamName)}
	switch place, revision := orEnd(options.StartFrom).inStream(); place {
	case atStart:
		from.RevisionOption = &persistent.CreateReq_StreamOptions_Start{Start: empty()}
	case atEnd:
		from.RevisionOption = &persistent.CreateReq_StreamOptions_End{End: empty()}
	case atPosition:
		from.RevisionOption = &persistent.CreateReq_StreamOptions_Revision{Revision: revision}
	}
	common := persistentOptions{options.Authenticated, options.Deadline, options.RequiresLeader}
	return c.createPersistent(ctx, common, false, &persistent.CreateReq_Options{
		GroupName: groupName, Settings: settings,
		StreamOption: &persistent.CreateReq_Options_Stream{Stream: from},
		//nolint:staticcheck // old servers know no other
		StreamIdentifier: wireStream(streamName),
	})
}

// CreatePersistentSubscriptionToAll makes a group on all streams. Otherwise it
// is like CreatePersistentSubscription; it gives UnsupportedFeature if the
// server has no such groups.
func (c *Client) CreatePersistentSubscriptionToAll(
	ctx context.Context, groupName string, options PersistentAllSubscriptionOptions,
) error {
	settings, err := settingsOrDefault(options.Settings).create()
	if err != nil {
		return err
	}
	from := &persistent.CreateReq_AllOptions{FilterOption: &persistent.CreateReq_AllOptions_NoFilter{NoFilter: empty()}}
	switch place, position := allOrEnd(options.StartFrom).inAll(); place {
	case atStart:
		from.AllOption = &persistent.CreateReq_AllOptions_Start{Start: empty()}
	case atEnd:
		from.AllOption = &persistent.CreateReq_AllOptions_End{End: empty()}
	case atPosition:
		from.AllOption = &persistent.CreateReq_AllOptions_Position{Position: &persistent.CreateReq_Position{
			CommitPosition: position.Commit, PreparePosition: position.Prepare,
		}}
	}
	if options.Filter != nil {
		filter, err := persistentFilter(options.Filter, options.MaxSearchWindow)
		if err != nil {
			return err
		}
		from.FilterOption = &persistent.CreateReq_AllOptions_Filter{Filter: filter}
	}
	common := persistentOptions{Authenticated: options.Authenticated, Deadline: options.Deadline}
	return c.createPersistent(ctx, common, true, &persistent.CreateReq_Options{
		GroupName: groupName, Settings: settings,
		StreamOption: &persistent.CreateReq_Options_All{All: from},
	})
}

func (c *Client) createPersistent(
	ctx context.Context, common persistentOptions, all bool, options *persistent.CreateReq_Options,
) error {
	_, err := managePersistent(ctx, c, common, "", all,
		&persistent.CreateReq{Options: options}, persistent.PersistentSubscriptionsClient.Create)
	return err
}

func persistentFilter(filter *SubscriptionFilter, window int) (*persistent.CreateReq_AllOptions_FilterOptions, error) {
	if err := filter.validate(); err != nil {
		return nil, &Error{code: ErrorCodeUnknown, err: err}
	}
	expression := &persistent.CreateReq_AllOptions_FilterOptions_Expression{Regex: filter.Regex, Prefix: filter.Prefixes}
	options := &persistent.CreateReq_AllOptions_FilterOptions{
		Filter:                       &persistent.CreateReq_AllOptions_FilterOptions_EventType{EventType: expression},
		CheckpointIntervalMultiplier: defaultCheckpointInterval,
	}
	if filter.Type == StreamFilterType {
		options.Filter = &persistent.CreateReq_AllOptions_FilterOptions_StreamIdentifier{StreamIdentifier: expression}
	}
	if window == NoMaxSearchWindow {
		options.Window = &persistent.CreateReq_AllOptions_FilterOptions_Count{Count: empty()}
	} else {
		options.Window = &persistent.CreateReq_AllOptions_FilterOptions_Max{Max: uint32(orDefault(window, defaultSearchWindow))}
	}
	return options, nil
}

func orEnd(position StreamPosition) StreamPosition {
	if position == nil {
		return End{}
	}
	return position
}

func allOrEnd(position AllPosition) AllPosition {
	if position == nil {
		return End{}
	}
	return position
}
