package node_test

import (
	"testing"

	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc/codes"
)

// TestWhoMayUsePersistentSubscriptions asks for everything as everybody, and takes from a consumer what it may read.
func TestWhoMayUsePersistentSubscriptions(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	s.createUser("ada")
	client := wire.NewPersistentSubscriptionsClient(s.conn)
	create := func(as string) error {
		_, err := client.Create(s.as(as), &wire.CreateReq{Options: &wire.CreateReq_Options{
			GroupName: "g",
			StreamOption: &wire.CreateReq_Options_Stream{Stream: &wire.CreateReq_StreamOptions{
				StreamIdentifier: named("s"), RevisionOption: &wire.CreateReq_StreamOptions_Start{Start: &shared.Empty{}},
			}},
			Settings: &wire.CreateReq_Settings{
				ReadBatchSize: 20, HistoryBufferSize: 500, LiveBufferSize: 500, ConsumerStrategy: "RoundRobin",
				MessageTimeout: &wire.CreateReq_Settings_MessageTimeoutMs{MessageTimeoutMs: 30_000},
			},
		}})
		return err
	}
	read := func(as string) (wire.PersistentSubscriptions_ReadClient, error) {
		call, err := client.Read(s.as(as))
		if err != nil {
			return nil, err
		}
		_ = call.Send(&wire.ReadReq{Content: &wire.ReadReq_Options_{Options: &wire.ReadReq_Options{
			GroupName: "g", BufferSize: 10, StreamOption: &wire.ReadReq_Options_StreamIdentifier{StreamIdentifier: named("s")},
			UuidOption: &wire.ReadReq_Options_UUIDOption{},
		}}}) // of a refused call the answer tells why
		_, err = call.Recv()
		return call, err
	}
	for caller, want := range map[string]codes.Code{"": no, "ada:pass": no, "ada:wrong": out, "ops:changeit": yes} {
		wantCode(t, "create by "+caller, create(caller), want)
	}
	for _, caller := range []string{"", "ada:pass"} {
		_, update := client.Update(s.as(caller), &wire.UpdateReq{})
		_, remove := client.Delete(s.as(caller), &wire.DeleteReq{})
		_, replay := client.ReplayParked(s.as(caller), &wire.ReplayParkedReq{})
		_, restart := client.RestartSubsystem(s.as(caller), &shared.Empty{})
		for what, err := range map[string]error{"update": update, "delete": remove, "replay": replay, "restart": restart} {
			wantCode(t, what+" by "+caller, err, no)
		}
	}
	list := &wire.ListReq{Options: &wire.ListReq_Options{
		ListOption: &wire.ListReq_Options_ListAllSubscriptions{ListAllSubscriptions: &shared.Empty{}},
	}}
	for caller, want := range map[string]codes.Code{"": no, "ada:pass": yes} {
		_, err := client.List(s.as(caller), list)
		wantCode(t, "list by "+caller, err, want)
		_, err = read(caller)
		wantCode(t, "read by "+caller, err, want)
	}
	call, err := read("ada:pass")
	if err != nil {
		t.Fatal(err)
	}
	info, err := client.GetInfo(s.as("ada:pass"), &wire.GetInfoReq{Options: &wire.GetInfoReq_Options{
		GroupName: "g", StreamOption: &wire.GetInfoReq_Options_StreamIdentifier{StreamIdentifier: named("s")},
	}})
	if connections := info.GetSubscriptionInfo().GetConnections(); err != nil || len(connections) == 0 || connections[0].GetUsername() != "ada" {
		t.Errorf("the consumers are %v (%v)", connections, err)
	}
	s.mustWrite(admin, "$$s", "$metadata", `{"$acl":{"$r":"$admins"}}`)
	_, err = read("ada:pass")
	wantCode(t, "read of a stream that is forbidden", err, no)
	for range 5 { // there are other consumers: one of the next events is this one's
		s.mustWrite(admin, "s", "t", "{}")
	}
	_, err = call.Recv()
	wantCode(t, "an event after the stream was forbidden", err, no)
}
