package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"am-user-management/internal/node/store"
)

func dial(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	return dialBy(t, address, insecure.NewCredentials())
}

func dialBy(t testing.TB, address string, transport credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(17<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// shortFolder is for sockets, whose paths must be shorter than a test's own folder often is.
func shortFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "n") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

func named(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

// appendOnce appends one event at any revision.
func appendOnce(ctx context.Context, client streams.StreamsClient, stream string, data []byte) error {
	call, err := client.Append(ctx)
	if err != nil {
		return err
	}
	id := uuid.New()
	for _, message := range []*streams.AppendReq{
		{Content: &streams.AppendReq_Options_{Options: &streams.AppendReq_Options{
			StreamIdentifier:       named(stream),
			ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
		}}},
		{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
			Id:       &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}},
			Metadata: map[string]string{"type": "account.user_created.v1", "content-type": "application/json"},
			Data:     data,
		}}},
	} {
		if err := call.Send(message); err != nil {
			return err
		}
	}
	answer, err := call.CloseAndRecv()
	if err == nil && answer.GetSuccess() == nil {
		return fmt.Errorf("append answered %v", answer)
	}
	return err
}

func readAll(count uint64) *streams.ReadReq_Options {
	return &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
			AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
		}},
		CountOption:  &streams.ReadReq_Options_Count{Count: count},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}},
		},
	}
}

func readStream(name string) *streams.ReadReq_Options {
	options := readAll(1 << 40)
	options.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
		StreamIdentifier: named(name),
		RevisionOption:   &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}},
	}}
	return options
}

func subscribeAll() *streams.ReadReq_Options {
	return subscribed(readAll(0))
}

func subscribed(options *streams.ReadReq_Options) *streams.ReadReq_Options {
	options.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	return options
}

func withoutSystemEvents(options *streams.ReadReq_Options) *streams.ReadReq_Options {
	options.FilterOption = &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
		Filter: &streams.ReadReq_Options_FilterOptions_EventType{
			EventType: &streams.ReadReq_Options_FilterOptions_Expression{Regex: `^[^\$].*`},
		},
		Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 32},
		CheckpointIntervalMultiplier: 1,
	}}
	return options
}

// readOnce reads to the end.
func readOnce(ctx context.Context, client streams.StreamsClient, options *streams.ReadReq_Options) error {
	call, err := client.Read(ctx, &streams.ReadReq{Options: options})
	for err == nil {
		_, err = call.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func awaitCaughtUp(t testing.TB, call streams.Streams_ReadClient) {
	t.Helper()
	for {
		response, err := call.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if response.GetCaughtUp() != nil {
			return
		}
	}
}

func storeEvents(n, bytes int) []store.Event {
	events := make([]store.Event, n)
	for i := range events {
		events[i] = store.Event{ID: store.ID(uuid.New()), Type: "account.user_created.v1", JSON: true, Data: make([]byte, bytes)}
	}
	return events
}
