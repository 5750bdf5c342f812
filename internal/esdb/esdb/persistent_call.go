package esdb

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

const persistentService = "event_store.client.persistent_subscriptions.persistentsubscriptions/"

// supports tells whether the server announced a call, with that option if not empty.
func (f features) supports(method, option string) bool {
	options, announced := f.methods[method]
	if option == "" || !announced {
		return announced
	}
	for _, known := range options {
		if known == option {
			return true
		}
	}
	return false
}

// persistentOptions are what the calls that manage groups have in common.
type persistentOptions struct {
	Authenticated  *Credentials
	Deadline       *time.Duration
	RequiresLeader bool // has no effect
}

// managePersistent makes one call about groups. needed is the method the server
// must have announced, with the option "all" if it is about all streams.
func managePersistent[Q, A any](
	ctx context.Context, c *Client, opts persistentOptions, needed string, all bool, request Q,
	call func(persistent.PersistentSubscriptionsClient, context.Context, Q, ...grpc.CallOption) (A, error),
) (A, error) {
	var none A
	conn, err := c.connector.connection()
	if err != nil {
		return none, err
	}
	ctx, cancel := c.bounded(ctx, opts.Deadline)
	defer cancel()
	if err := conn.server.check(needed, all); err != nil {
		return none, err
	}
	ctx = c.addressed(ctx, opts.Authenticated)
	var trailer metadata.MD
	answer, err := call(persistent.NewPersistentSubscriptionsClient(conn.grpc), ctx, request, grpc.Trailer(&trailer))
	if err != nil {
		return none, c.fault(ctx, conn, trailer, err)
	}
	return answer, nil
}

func (f features) check(needed string, all bool) error {
	if all && !f.supports(persistentService+"create", "all") {
		return failure(ErrorCodeUnsupportedFeature, "the server has no persistent subscriptions to all streams")
	}
	if needed != "" && !f.supports(persistentService+needed, "") {
		return failure(ErrorCodeUnsupportedFeature, "the server does not offer %s of persistent subscriptions", needed)
	}
	return nil
}

func empty() *shared.Empty { return &shared.Empty{} }
