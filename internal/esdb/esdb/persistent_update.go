package esdb

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// UpdatePersistentSubscription replaces a group's settings and drops its
// consumers. Always set StartFrom: the official client takes End for Start here.
// Errors have the codes ResourceNotFound, AccessDenied, Unknown (the server did
// not like the settings) and those of any call.
func (c *Client) UpdatePersistentSubscription(
	ctx context.Context, streamName, groupName string, options PersistentStreamSubscriptionOptions,
) error {
	settings, err := settingsOrDefault(options.Settings).update()
	if err != nil {
		return err
	}
	from := &persistent.UpdateReq_StreamOptions{StreamIdentifier: wireStream(streamName)}
	switch place, revision := orEnd(options.StartFrom).inStream(); place {
	case atStart:
		from.RevisionOption = &persistent.UpdateReq_StreamOptions_Start{Start: empty()}
	case atEnd:
		from.RevisionOption = &persistent.UpdateReq_StreamOptions_End{End: empty()}
	case atPosition:
		from.RevisionOption = &persistent.UpdateReq_StreamOptions_Revision{Revision: revision}
	}
	common := persistentOptions{options.Authenticated, options.Deadline, options.RequiresLeader}
	return c.updatePersistent(ctx, common, false, &persistent.UpdateReq_Options{
		GroupName: groupName, Settings: settings,
		StreamOption: &persistent.UpdateReq_Options_Stream{Stream: from},
		//nolint:staticcheck // old servers know no other
		StreamIdentifier: wireStream(streamName),
	})
}

// UpdatePersistentSubscriptionToAll is UpdatePersistentSubscription for a group
// on all streams. It gives UnsupportedFeature if the server has none.
func (c *Client) UpdatePersistentSubscriptionToAll(
	ctx context.Context, groupName string, options PersistentAllSubscriptionOptions,
) error {
	settings, err := settingsOrDefault(options.Settings).update()
	if err != nil {
		return err
	}
	from := new(persistent.UpdateReq_AllOptions)
	switch place, position := allOrEnd(options.StartFrom).inAll(); place {
	case atStart:
		from.AllOption = &persistent.UpdateReq_AllOptions_Start{Start: empty()}
	case atEnd:
		from.AllOption = &persistent.UpdateReq_AllOptions_End{End: empty()}
	case atPosition:
		from.AllOption = &persistent.UpdateReq_AllOptions_Position{Position: &persistent.UpdateReq_Position{
			CommitPosition: position.Commit, PreparePosition: position.Prepare,
		}}
	}
	common := persistentOptions{Authenticated: options.Authenticated, Deadline: options.Deadline}
	return c.updatePersistent(ctx, common, true, &persistent.UpdateReq_Options{
		GroupName: groupName, Settings: settings,
		StreamOption: &persistent.UpdateReq_Options_All{All: from},
	})
}

func (c *Client) updatePersistent(
	ctx context.Context, common persistentOptions, all bool, options *persistent.UpdateReq_Options,
) error {
	_, err := managePersistent(ctx, c, common, "", all,
		&persistent.UpdateReq{Options: options}, persistent.PersistentSubscriptionsClient.Update)
	return err
}
