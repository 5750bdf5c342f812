package esdb_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// groups answers calls about groups, with refusal if that is set.
type groups struct {
	persistent.UnimplementedPersistentSubscriptionsServer
	seen    proto.Message
	info    *persistent.SubscriptionInfo
	refusal error
	onRead  func(persistent.PersistentSubscriptions_ReadServer) error
}

func (g *groups) Create(_ context.Context, r *persistent.CreateReq) (*persistent.CreateResp, error) {
	g.seen = r
	return &persistent.CreateResp{}, g.refusal
}

func (g *groups) Update(_ context.Context, r *persistent.UpdateReq) (*persistent.UpdateResp, error) {
	g.seen = r
	return &persistent.UpdateResp{}, g.refusal
}

func (g *groups) Delete(_ context.Context, r *persistent.DeleteReq) (*persistent.DeleteResp, error) {
	g.seen = r
	return &persistent.DeleteResp{}, g.refusal
}

func (g *groups) ReplayParked(_ context.Context, r *persistent.ReplayParkedReq) (*persistent.ReplayParkedResp, error) {
	g.seen = r
	return &persistent.ReplayParkedResp{}, g.refusal
}

func (g *groups) RestartSubsystem(_ context.Context, r *shared.Empty) (*shared.Empty, error) {
	g.seen = r
	return r, g.refusal
}

func (g *groups) GetInfo(_ context.Context, r *persistent.GetInfoReq) (*persistent.GetInfoResp, error) {
	g.seen = r
	return &persistent.GetInfoResp{SubscriptionInfo: g.info}, g.refusal
}

func (g *groups) List(_ context.Context, r *persistent.ListReq) (*persistent.ListResp, error) {
	g.seen = r
	return &persistent.ListResp{Subscriptions: []*persistent.SubscriptionInfo{g.info}}, g.refusal
}

func (g *groups) Read(call persistent.PersistentSubscriptions_ReadServer) error {
	if g.refusal != nil {
		return g.refusal
	}
	return g.onRead(call)
}

func offeringGroups(context.Context) (*serverfeatures.SupportedMethods, error) {
	answer := &serverfeatures.SupportedMethods{EventStoreServerVersion: "23.10.8"}
	for _, method := range []string{"create", "getinfo", "list", "replayparked", "restartsubsystem"} {
		answer.Methods = append(answer.Methods, &serverfeatures.SupportedMethod{
			ServiceName: "event_store.client.persistent_subscriptions.persistentsubscriptions",
			MethodName:  method, Features: []string{"stream", "all"},
		})
	}
	return answer, nil
}

// manage makes every call that manages groups, each by its name.
func manage(ctx context.Context, client *esdb.Client) map[string]error {
	failures := map[string]error{
		"create":         client.CreatePersistentSubscription(ctx, "s", "g", esdb.PersistentStreamSubscriptionOptions{}),
		"update":         client.UpdatePersistentSubscription(ctx, "s", "g", esdb.PersistentStreamSubscriptionOptions{}),
		"delete":         client.DeletePersistentSubscription(ctx, "s", "g", esdb.DeletePersistentSubscriptionOptions{}),
		"replay":         client.ReplayParkedMessages(ctx, "s", "g", esdb.ReplayParkedMessagesOptions{}),
		"restart":        client.RestartPersistentSubscriptionSubsystem(ctx, esdb.RestartPersistentSubscriptionSubsystemOptions{}),
		"create to all":  client.CreatePersistentSubscriptionToAll(ctx, "g", esdb.PersistentAllSubscriptionOptions{}),
		"update to all":  client.UpdatePersistentSubscriptionToAll(ctx, "g", esdb.PersistentAllSubscriptionOptions{}),
		"delete to all":  client.DeletePersistentSubscriptionToAll(ctx, "g", esdb.DeletePersistentSubscriptionOptions{}),
		"replay to all":  client.ReplayParkedMessagesToAll(ctx, "g", esdb.ReplayParkedMessagesOptions{StopAt: 3}),
		"info":           nil,
		"info to all":    nil,
		"list":           nil,
		"list of all":    nil,
		"list of stream": nil,
	}
	_, failures["info"] = client.GetPersistentSubscriptionInfo(ctx, "s", "g", esdb.GetPersistentSubscriptionOptions{})
	_, failures["info to all"] = client.GetPersistentSubscriptionInfoToAll(ctx, "g", esdb.GetPersistentSubscriptionOptions{})
	_, failures["list"] = client.ListAllPersistentSubscriptions(ctx, esdb.ListPersistentSubscriptionsOptions{})
	_, failures["list of all"] = client.ListPersistentSubscriptionsToAll(ctx, esdb.ListPersistentSubscriptionsOptions{})
	_, failures["list of stream"] = client.ListPersistentSubscriptionsForStream(ctx, "s", esdb.ListPersistentSubscriptionsOptions{})
	return failures
}

func TestManagingGroups(t *testing.T) {
	t.Parallel()
	groups := &groups{info: &persistent.SubscriptionInfo{StartFrom: "0"}}
	client := connect(t, (&server{groups: groups, onFeatures: offeringGroups}).start(t))
	for call, err := range manage(within(t), client) {
		if err != nil {
			t.Errorf("%s: %v", call, err)
		}
	}
	groups.refusal = status.Error(codes.AlreadyExists, "no")
	for call, err := range manage(within(t), client) {
		if own, ok := esdb.FromError(err); err == nil || !ok || own.Code() != esdb.ErrorCodeResourceAlreadyExists {
			t.Errorf("%s: got %v, want a bare ResourceAlreadyExists", call, err)
		}
	}
}

func TestGroupsThatTheServerDoesNotOffer(t *testing.T) {
	t.Parallel()
	groups := &groups{info: &persistent.SubscriptionInfo{StartFrom: "0"}}
	client := connect(t, (&server{groups: groups}).start(t))
	for call, err := range manage(within(t), client) {
		if call == "create" || call == "update" || call == "delete" {
			if err != nil {
				t.Errorf("%s: %v", call, err)
			}
			continue
		}
		if err == nil || codeOf(t, err) != esdb.ErrorCodeUnsupportedFeature {
			t.Errorf("%s: got %v, want UnsupportedFeature", call, err)
		}
	}
}

func TestGroupSettingsOnTheWire(t *testing.T) {
	t.Parallel()
	groups := &groups{}
	client := connect(t, (&server{groups: groups, onFeatures: offeringGroups}).start(t))
	settings := esdb.SubscriptionSettingsDefault()
	settings.ConsumerStrategyName = esdb.ConsumerStrategyPinned
	if err := client.CreatePersistentSubscriptionToAll(within(t), "g", esdb.PersistentAllSubscriptionOptions{
		Settings: &settings, StartFrom: esdb.Position{Commit: 2, Prepare: 1}, Filter: esdb.ExcludeSystemEventsFilter(),
	}); err != nil {
		t.Fatal(err)
	}
	created := groups.seen.(*persistent.CreateReq).GetOptions()
	got := created.GetSettings()
	if got.GetMaxRetryCount() != 10 || got.GetMinCheckpointCount() != 10 || got.GetMaxCheckpointCount() != 1000 ||
		got.GetLiveBufferSize() != 500 || got.GetReadBatchSize() != 20 || got.GetHistoryBufferSize() != 500 ||
		got.GetMessageTimeoutMs() != 30000 || got.GetCheckpointAfterMs() != 2000 ||
		got.GetNamedConsumerStrategy() != persistent.CreateReq_Pinned { //nolint:staticcheck // what the client sends
		t.Errorf("got %v", got)
	}
	all := created.GetAll()
	if all.GetPosition().GetCommitPosition() != 2 || all.GetFilter().GetEventType().GetRegex() == "" || all.GetFilter().GetMax() != 32 {
		t.Errorf("got %v", all)
	}

	options := esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Revision(4)}
	if err := client.CreatePersistentSubscription(within(t), "s", "g", options); err != nil {
		t.Fatal(err)
	}
	if stream := groups.seen.(*persistent.CreateReq).GetOptions().GetStream(); stream.GetRevision() != 4 {
		t.Errorf("got %v", stream)
	}
	if err := client.UpdatePersistentSubscription(within(t), "s", "g", esdb.PersistentStreamSubscriptionOptions{}); err != nil {
		t.Fatal(err)
	}
	if update := groups.seen.(*persistent.UpdateReq).GetOptions(); update.GetStream().GetEnd() == nil ||
		update.GetSettings().GetNamedConsumerStrategy() != persistent.UpdateReq_RoundRobin {
		t.Errorf("got %v", update)
	}

	settings.ConsumerStrategyName = "Other"
	if err := client.CreatePersistentSubscription(within(t), "s", "g", esdb.PersistentStreamSubscriptionOptions{Settings: &settings}); err == nil {
		t.Error("accepted an unknown strategy")
	}
	both := &esdb.SubscriptionFilter{Regex: "a", Prefixes: []string{"a"}}
	if err := client.CreatePersistentSubscriptionToAll(within(t), "g", esdb.PersistentAllSubscriptionOptions{Filter: both}); err == nil {
		t.Error("accepted a filter with both")
	}
}

func TestGroupInfo(t *testing.T) {
	t.Parallel()
	groups := &groups{info: &persistent.SubscriptionInfo{
		EventSource: "s", GroupName: "g", Status: "Live", StartFrom: "-1", TotalItems: 5,
		LastCheckpointedEventPosition: "0", LastKnownEventPosition: "12", NamedConsumerStrategy: "RoundRobin", BufferSize: 7,
		Connections: []*persistent.SubscriptionInfo_ConnectionInfo{{
			From: "me", AverageItemsPerSecond: 2,
			ObservedMeasurements: []*persistent.SubscriptionInfo_Measurement{{Key: "k", Value: 3}},
		}},
	}}
	client := connect(t, (&server{groups: groups, onFeatures: offeringGroups}).start(t))
	got, err := client.GetPersistentSubscriptionInfo(within(t), "s", "g", esdb.GetPersistentSubscriptionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Settings.StartFrom != (esdb.End{}) || got.Settings.HistoryBufferSize != 7 || got.Stats.TotalItems != 5 ||
		*got.Stats.LastCheckpointedEventRevision != 0 || *got.Stats.LastKnownEventRevision != 12 || got.Stats.LastKnownPosition != nil {
		t.Errorf("got %+v, %+v, %+v", got, got.Settings, got.Stats)
	}
	want := []esdb.PersistentSubscriptionConnectionInfo{{
		From: "me", AverageItemsPerSecond: 2, ExtraStatistics: []esdb.PersistentSubscriptionMeasurement{{Key: "k", Value: 3}},
	}}
	if !reflect.DeepEqual(got.Connections, want) {
		t.Errorf("got %+v", got.Connections)
	}

	groups.info = &persistent.SubscriptionInfo{EventSource: "$all", StartFrom: "C:0/P:0", LastKnownEventPosition: "C:5/P:4", LastCheckpointedEventPosition: "C:0/P:0"}
	list, err := client.ListPersistentSubscriptionsToAll(within(t), esdb.ListPersistentSubscriptionsOptions{})
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	if stats := list[0].Stats; *stats.LastKnownPosition != (esdb.Position{Commit: 5, Prepare: 4}) || *stats.LastCheckpointedPosition != (esdb.Position{}) {
		t.Errorf("got %+v", stats)
	}

	groups.info = &persistent.SubscriptionInfo{}
	if _, err := client.GetPersistentSubscriptionInfo(within(t), "s", "g", esdb.GetPersistentSubscriptionOptions{}); codeOf(t, err) != esdb.ErrorCodeParsing {
		t.Errorf("without a start: got %v", err)
	}
}

func TestConsuming(t *testing.T) {
	t.Parallel()
	requests := make(chan *persistent.ReadReq, 3)
	encoded, err := proto.Marshal(wireEvent(6))
	if err != nil {
		t.Fatal(err)
	}
	event := new(persistent.ReadResp_ReadEvent_RecordedEvent)
	if err := proto.Unmarshal(encoded, event); err != nil {
		t.Fatal(err)
	}
	groups := &groups{onRead: func(call persistent.PersistentSubscriptions_ReadServer) error {
		for i := range 3 {
			request, err := call.Recv()
			if err != nil {
				return err
			}
			requests <- request
			if i > 0 {
				continue
			}
			for _, answer := range []*persistent.ReadResp{
				{Content: &persistent.ReadResp_SubscriptionConfirmation_{
					SubscriptionConfirmation: &persistent.ReadResp_SubscriptionConfirmation{SubscriptionId: "s::g"},
				}},
				{},
				{Content: &persistent.ReadResp_Event{Event: &persistent.ReadResp_ReadEvent{
					Event: event, Count: &persistent.ReadResp_ReadEvent_RetryCount{RetryCount: 2},
				}}},
			} {
				if err := call.Send(answer); err != nil {
					return err
				}
			}
		}
		call.SetTrailer(metadata.Pairs("exception", "persistent-subscription-dropped"))
		return status.Error(codes.Canceled, "dropped")
	}}
	client := connect(t, (&server{groups: groups, onFeatures: offeringGroups}).start(t))
	subscription, err := client.SubscribeToPersistentSubscription(within(t), "s", "g", esdb.SubscribeToPersistentSubscriptionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	options := (<-requests).GetOptions()
	if options.GetGroupName() != "g" || options.GetBufferSize() != 10 || options.GetUuidOption().GetStructured() == nil {
		t.Errorf("asked %v", options)
	}
	got := subscription.Recv()
	if got.EventAppeared == nil || got.EventAppeared.RetryCount != 2 || got.EventAppeared.Event.Event.EventNumber != 6 {
		t.Fatalf("got %+v", got)
	}
	if err := subscription.Ack(got.EventAppeared.Event); err != nil {
		t.Error(err)
	}
	ack := (<-requests).GetAck()
	if string(ack.GetId()) != "s::g" || ack.GetIds()[0].GetStructured().GetMostSignificantBits() != 0x0001020304050607 {
		t.Errorf("got %v", ack)
	}
	if err := subscription.Nack("bad", esdb.NackActionPark, got.EventAppeared.Event); err != nil {
		t.Error(err)
	}
	if nack := (<-requests).GetNack(); nack.GetAction() != persistent.ReadReq_Nack_Park || nack.GetReason() != "bad" || len(nack.GetIds()) != 1 {
		t.Errorf("got %v", nack)
	}
	if got := subscription.Recv(); got.SubscriptionDropped == nil || status.Code(got.SubscriptionDropped.Error) != codes.Canceled {
		t.Errorf("got %+v, want dropped", got)
	}
	if got := subscription.Recv(); got.SubscriptionDropped == nil {
		t.Errorf("got %+v, want dropped again", got)
	}
	if err := subscription.Ack(&esdb.ResolvedEvent{Event: &esdb.RecordedEvent{}}); err == nil {
		t.Error("acknowledged after the end")
	}
}

func TestConsumingAGroupThatIsMissing(t *testing.T) {
	t.Parallel()
	groups := &groups{refusal: status.Error(codes.NotFound, "no")}
	client := connect(t, (&server{groups: groups, onFeatures: offeringGroups}).start(t))
	_, err := client.SubscribeToPersistentSubscriptionToAll(within(t), "g", esdb.SubscribeToPersistentSubscriptionOptions{BufferSize: 5})
	if own, ok := esdb.FromError(err); !ok || own.Code() != esdb.ErrorCodeResourceNotFound {
		t.Errorf("got %v", err)
	}
}
