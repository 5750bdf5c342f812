package esdb

import (
	"context"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// DeleteStreamOptions are the choices of a deletion.
type DeleteStreamOptions struct {
	// ExpectedRevision is where the stream must be; nil: Any.
	ExpectedRevision ExpectedRevision
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the call.
	Deadline *time.Duration
	// RequiresLeader has no effect, as in the official client.
	RequiresLeader bool
}

// TombstoneStreamOptions are the choices of a deletion for ever.
type TombstoneStreamOptions struct {
	// ExpectedRevision is where the stream must be; nil: Any.
	ExpectedRevision ExpectedRevision
	// Authenticated replaces the configuration's credentials.
	Authenticated *Credentials
	// Deadline bounds the call.
	Deadline *time.Duration
	// RequiresLeader has no effect, as in the official client.
	RequiresLeader bool
}

// DeleteResult says where in the log the deletion stands.
type DeleteResult struct {
	Position Position
}

// DeleteStream hides a stream's events; the next append brings the stream back.
//
// Errors of the server are wrapped: use errors.As. A tombstoned stream gives
// StreamDeleted, as does a deleted one at StreamExists; a wrong expected
// revision or a missing stream gives Unknown.
func (c *Client) DeleteStream(ctx context.Context, streamID string, opts DeleteStreamOptions) (*DeleteResult, error) {
	conn, err := c.connector.connection()
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.bounded(ctx, opts.Deadline)
	defer cancel()
	ctx = c.addressed(ctx, opts.Authenticated)
	var trailer metadata.MD
	request := &streams.DeleteReq{Options: deleteOptions(streamID, opts.ExpectedRevision)}
	answer, err := conn.streams.Delete(ctx, request, grpc.Trailer(&trailer))
	if err != nil {
		return nil, c.deletionFault(ctx, conn, trailer, err)
	}
	return &DeleteResult{Position: Position{
		Commit:  answer.GetPosition().GetCommitPosition(),
		Prepare: answer.GetPosition().GetPreparePosition(),
	}}, nil
}

// TombstoneStream closes a stream for ever: its name can never be used again.
// Errors are those of DeleteStream.
func (c *Client) TombstoneStream(ctx context.Context, streamID string, opts TombstoneStreamOptions) (*DeleteResult, error) {
	conn, err := c.connector.connection()
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.bounded(ctx, opts.Deadline)
	defer cancel()
	ctx = c.addressed(ctx, opts.Authenticated)
	var trailer metadata.MD
	request := &streams.TombstoneReq{Options: tombstoneOptions(streamID, opts.ExpectedRevision)}
	answer, err := conn.streams.Tombstone(ctx, request, grpc.Trailer(&trailer))
	if err != nil {
		return nil, c.deletionFault(ctx, conn, trailer, err)
	}
	return &DeleteResult{Position: Position{
		Commit:  answer.GetPosition().GetCommitPosition(),
		Prepare: answer.GetPosition().GetPreparePosition(),
	}}, nil
}

func (c *Client) deletionFault(ctx context.Context, conn *connection, trailer metadata.MD, err error) error {
	return fmt.Errorf("failed to perform delete: %w", c.fault(ctx, conn, trailer, err))
}

func deleteOptions(streamID string, expected ExpectedRevision) *streams.DeleteReq_Options {
	options := &streams.DeleteReq_Options{StreamIdentifier: wireStream(streamID)}
	if expected == nil {
		expected = Any{}
	}
	switch kind, revision := expected.expected(); kind {
	case expectAny:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_Any{Any: &shared.Empty{}}
	case expectNoStream:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_NoStream{NoStream: &shared.Empty{}}
	case expectExists:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_StreamExists{StreamExists: &shared.Empty{}}
	case expectRevision:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_Revision{Revision: revision}
	}
	return options
}

func tombstoneOptions(streamID string, expected ExpectedRevision) *streams.TombstoneReq_Options {
	options := &streams.TombstoneReq_Options{StreamIdentifier: wireStream(streamID)}
	if expected == nil {
		expected = Any{}
	}
	switch kind, revision := expected.expected(); kind {
	case expectAny:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}}
	case expectNoStream:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_NoStream{NoStream: &shared.Empty{}}
	case expectExists:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_StreamExists{StreamExists: &shared.Empty{}}
	case expectRevision:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_Revision{Revision: revision}
	}
	return options
}
