package node

import (
	"context"
	"errors"
	"io"

	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/persistent"
	"am-user-management/internal/node/persistent/group"
	"am-user-management/internal/node/store"
)

// persistentService is the gRPC service of persistent subscriptions.
type persistentService struct {
	wire.UnimplementedPersistentSubscriptionsServer

	groups *persistent.Subsystem
	guard  *access.Guard
	// closing is cancelled when consumers have to go.
	closing context.Context
}

const (
	// connectionName is the header by which a client names itself, unnamed stands for one that does not.
	connectionName = "connection-name"
	unnamed        = "<unknown>"
)

// Read connects a consumer to a group: it gets events, and answers them on the same call.
func (s *persistentService) Read(call wire.PersistentSubscriptions_ReadServer) error {
	ctx := call.Context()
	first, err := call.Recv()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	options := first.GetOptions()
	if options == nil {
		return invalid("the first message of a persistent read must be its options")
	}
	switch {
	case options.GetBufferSize() <= 0:
		return invalid("the buffer size must be above 0")
	case options.GetUuidOption() == nil:
		return invalid("the uuid option is missing")
	}
	_, all := options.GetStreamOption().(*wire.ReadReq_Options_All)
	stream, err := sourceName(options.GetStreamIdentifier(), all)
	if err != nil {
		return err
	}
	if err := s.guard.Check(ctx, access.Read, stream); err != nil {
		return asStatus(ctx, err)
	}
	client := persistent.Client{Connection: nameOf(ctx), User: access.Caller(ctx).Name}
	consumer, err := s.groups.Connect(stream, options.GetGroupName(), client, int(options.GetBufferSize()))
	if err != nil {
		return persistentStatus(ctx, err)
	}
	defer consumer.Close()
	if err := call.Send(&wire.ReadResp{Content: &wire.ReadResp_SubscriptionConfirmation_{
		SubscriptionConfirmation: &wire.ReadResp_SubscriptionConfirmation{
			SubscriptionId: persistent.ID(stream, options.GetGroupName()),
		},
	}}); err != nil {
		return err
	}
	_, textIDs := options.GetUuidOption().GetContent().(*wire.ReadReq_Options_UUIDOption_String_)
	return s.feed(call, stream, consumer, textIDs)
}

// feed sends the consumer its events until the call ends, or the caller may not read the stream any more.
func (s *persistentService) feed(call wire.PersistentSubscriptions_ReadServer, stream string, consumer *persistent.Consumer, textIDs bool) error {
	ctx := call.Context()
	// Receiving ends when this function has returned, which ends the call.
	answers := make(chan error, 1)
	go func() { answers <- receiveAnswers(call, consumer) }()
	for {
		select {
		case <-consumer.News():
			if err := s.guard.Check(ctx, access.Read, stream); err != nil {
				return asStatus(ctx, err)
			}
			for _, delivery := range consumer.Take() {
				if err := s.hideTarget(ctx, &delivery); err != nil {
					return asStatus(ctx, err)
				}
				if err := call.SendMsg(encodeDelivery(&delivery, textIDs)); err != nil {
					return err
				}
			}
		case err := <-answers:
			if err != nil {
				return err
			}
			answers = nil
		case <-consumer.Dropped():
			if s.closing.Err() == nil {
				return persistentStatus(ctx, consumer.DroppedError())
			}
			return status.Error(codes.Unavailable, "server is shutting down")
		case <-s.closing.Done():
			return status.Error(codes.Unavailable, "server is shutting down")
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
}

// hideTarget leaves a link alone that points to what the caller may not read. A parked event is the consumer's own.
func (s *persistentService) hideTarget(ctx context.Context, delivery *group.Delivery) error {
	if delivery.Link == nil || delivery.Record == nil || delivery.Replayed {
		return nil
	}
	err := s.guard.Check(ctx, access.Read, string(delivery.Record.Stream))
	if errors.Is(err, access.ErrDenied) {
		delivery.Record = nil
		return nil
	}
	return err
}

// receiveAnswers passes on what the consumer says about its events. It returns nil when it says no more.
func receiveAnswers(call wire.PersistentSubscriptions_ReadServer, consumer *persistent.Consumer) error {
	for {
		message, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch content := message.GetContent().(type) {
		case *wire.ReadReq_Ack_:
			ids, err := eventIDs(content.Ack.GetIds())
			if err != nil {
				return err
			}
			consumer.Ack(ids)
		case *wire.ReadReq_Nack_:
			ids, err := eventIDs(content.Nack.GetIds())
			if err != nil {
				return err
			}
			consumer.Nack(ids, actionOf(content.Nack.GetAction()), content.Nack.GetReason())
		default:
			return invalid("every message after the options must be an ack or a nack")
		}
	}
}

func eventIDs(wireIDs []*shared.UUID) ([]store.ID, error) {
	ids := make([]store.ID, 0, len(wireIDs))
	for _, wireID := range wireIDs {
		id, err := eventID(wireID)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func actionOf(action wire.ReadReq_Nack_Action) group.Action {
	switch action {
	case wire.ReadReq_Nack_Park:
		return group.Park
	case wire.ReadReq_Nack_Skip:
		return group.Skip
	case wire.ReadReq_Nack_Stop:
		return group.Stop
	}
	return group.Retry
}

func nameOf(ctx context.Context) string {
	headers, _ := metadata.FromIncomingContext(ctx)
	if names := headers.Get(connectionName); len(names) > 0 && names[0] != "" {
		return names[0]
	}
	return unnamed
}
