package esdb

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
)

// DeletePersistentSubscriptionOptions are the choices of deleting a group.
type DeletePersistentSubscriptionOptions struct {
	Authenticated  *Credentials
	Deadline       *time.Duration
	RequiresLeader bool
}

// ReplayParkedMessagesOptions are the choices of trying parked events again.
type ReplayParkedMessagesOptions struct {
	// StopAt is how many events are tried; 0: all.
	StopAt         int
	Authenticated  *Credentials
	Deadline       *time.Duration
	RequiresLeader bool
}

// RestartPersistentSubscriptionSubsystemOptions are the choices of a restart.
type RestartPersistentSubscriptionSubsystemOptions struct {
	Authenticated  *Credentials
	Deadline       *time.Duration
	RequiresLeader bool
}

// DeletePersistentSubscription removes a group and drops its consumers. Errors
// have the codes ResourceNotFound, AccessDenied and those of any call.
func (c *Client) DeletePersistentSubscription(
	ctx context.Context, streamName, groupName string, opts DeletePersistentSubscriptionOptions,
) error {
	return c.deletePersistent(ctx, opts, false, &persistent.DeleteReq_Options{
		GroupName:    groupName,
		StreamOption: &persistent.DeleteReq_Options_StreamIdentifier{StreamIdentifier: wireStream(streamName)},
	})
}

// DeletePersistentSubscriptionToAll is DeletePersistentSubscription for a group
// on all streams. It gives UnsupportedFeature if the server has none.
func (c *Client) DeletePersistentSubscriptionToAll(
	ctx context.Context, groupName string, opts DeletePersistentSubscriptionOptions,
) error {
	return c.deletePersistent(ctx, opts, true, &persistent.DeleteReq_Options{
		GroupName: groupName, StreamOption: &persistent.DeleteReq_Options_All{All: empty()},
	})
}

func (c *Client) deletePersistent(
	ctx context.Context, opts DeletePersistentSubscriptionOptions, all bool, options *persistent.DeleteReq_Options,
) error {
	_, err := managePersistent(ctx, c, persistentOptions(opts), "", all,
		&persistent.DeleteReq{Options: options}, persistent.PersistentSubscriptionsClient.Delete)
	return err
}

// ReplayParkedMessages gives a group's parked events to its consumers again.
func (c *Client) ReplayParkedMessages(
	ctx context.Context, streamName, groupName string, opts ReplayParkedMessagesOptions,
) error {
	return c.replayParked(ctx, opts, false, &persistent.ReplayParkedReq_Options{
		GroupName:    groupName,
		StreamOption: &persistent.ReplayParkedReq_Options_StreamIdentifier{StreamIdentifier: wireStream(streamName)},
	})
}

// ReplayParkedMessagesToAll is ReplayParkedMessages for a group on all streams.
func (c *Client) ReplayParkedMessagesToAll(ctx context.Context, groupName string, opts ReplayParkedMessagesOptions) error {
	return c.replayParked(ctx, opts, true, &persistent.ReplayParkedReq_Options{
		GroupName: groupName, StreamOption: &persistent.ReplayParkedReq_Options_All{All: empty()},
	})
}

func (c *Client) replayParked(
	ctx context.Context, opts ReplayParkedMessagesOptions, all bool, options *persistent.ReplayParkedReq_Options,
) error {
	options.StopAtOption = &persistent.ReplayParkedReq_Options_NoLimit{NoLimit: empty()}
	if opts.StopAt != 0 {
		options.StopAtOption = &persistent.ReplayParkedReq_Options_StopAt{StopAt: int64(opts.StopAt)}
	}
	common := persistentOptions{opts.Authenticated, opts.Deadline, opts.RequiresLeader}
	_, err := managePersistent(ctx, c, common, "replayparked", all,
		&persistent.ReplayParkedReq{Options: options}, persistent.PersistentSubscriptionsClient.ReplayParked)
	return err
}

// RestartPersistentSubscriptionSubsystem drops all consumers of all groups and
// loads the groups anew.
func (c *Client) RestartPersistentSubscriptionSubsystem(
	ctx context.Context, opts RestartPersistentSubscriptionSubsystemOptions,
) error {
	_, err := managePersistent(ctx, c, persistentOptions(opts), "restartsubsystem", false,
		empty(), persistent.PersistentSubscriptionsClient.RestartSubsystem)
	return err
}
