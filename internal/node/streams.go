package node

import (
	"context"
	"math"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/store"
)

// streamsService is the gRPC service that reads and writes events.
type streamsService struct {
	streams.UnimplementedStreamsServer

	store *store.Store
	guard *access.Guard
	clock func() time.Time
	// batches is the room for batches that are not answered yet.
	batches *semaphore.Weighted
	// closing is cancelled when subscriptions have to end.
	closing context.Context
}

// untilClosing returns ctx, cancelled also when the node closes.
func (s *streamsService) untilClosing(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	detach := context.AfterFunc(s.closing, cancel)
	return ctx, func() {
		detach()
		cancel()
	}
}

// endOf maps the error that ended an open-ended call.
func (s *streamsService) endOf(ctx context.Context, err error) error {
	if err != nil && s.closing.Err() != nil {
		return status.Error(codes.Unavailable, "server is shutting down")
	}
	return asStatus(ctx, err)
}

// revision turns a number from the wire into a revision.
func revision(n uint64) (int64, error) {
	if n > math.MaxInt64 {
		return 0, invalid("revision out of range")
	}
	return int64(n), nil
}

// expectation turns a number from the wire into an expectation. The highest number stands for no stream.
func expectation(n uint64) (store.Expected, error) {
	if n == math.MaxUint64 {
		return store.NoStream, nil
	}
	expected, err := revision(n)
	return store.Expected(expected), err
}

func streamName(id *shared.StreamIdentifier) string { return string(id.GetStreamName()) }
