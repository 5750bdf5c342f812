package node_test

import (
	"math"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/nodetest"
)

// groups asks for groups of the name g.
type groups struct {
	t      *testing.T
	client wire.PersistentSubscriptionsClient
}

func askGroups(t *testing.T, n *nodetest.Node) *groups {
	t.Helper()
	return &groups{t: t, client: wire.NewPersistentSubscriptionsClient(dial(t, n.Address))}
}

// fails expects a call about a group to fail for a reason.
func (g *groups) fails(reason string, call func(...grpc.CallOption) error) {
	g.t.Helper()
	var trailer metadata.MD
	err := call(grpc.Trailer(&trailer))
	got := trailer.Get("reason")
	if status.Code(err) != codes.Internal || len(got) != 1 || got[0] != reason {
		g.t.Errorf("got %v for %q, want %q", err, got, reason)
	}
}

func (g *groups) create(settings *wire.CreateReq_Settings, from *wire.CreateReq_Options) func(...grpc.CallOption) error {
	return func(options ...grpc.CallOption) error {
		from.GroupName, from.Settings = "g", settings
		_, err := g.client.Create(g.t.Context(), &wire.CreateReq{Options: from}, options...)
		return err
	}
}

// startOf tells from where a group starts.
func (g *groups) startOf(of *wire.GetInfoReq_Options) string {
	g.t.Helper()
	of.GroupName = "g"
	info, err := g.client.GetInfo(g.t.Context(), &wire.GetInfoReq{Options: of})
	if err != nil {
		g.t.Fatal(err)
	}
	return info.GetSubscriptionInfo().GetStartFrom()
}

func fromRevision(stream string, revision uint64) *wire.CreateReq_Options {
	return &wire.CreateReq_Options{StreamOption: &wire.CreateReq_Options_Stream{Stream: &wire.CreateReq_StreamOptions{
		StreamIdentifier: named(stream), RevisionOption: &wire.CreateReq_StreamOptions_Revision{Revision: revision},
	}}}
}

func fromPosition(position uint64) *wire.CreateReq_Options {
	return &wire.CreateReq_Options{StreamOption: &wire.CreateReq_Options_All{All: &wire.CreateReq_AllOptions{
		AllOption: &wire.CreateReq_AllOptions_Position{
			Position: &wire.CreateReq_Position{CommitPosition: position, PreparePosition: position},
		},
	}}}
}

// TestReasonsOfRefusedGroups are those that EventStoreDB gives, and in its order: a strategy and a start that cannot be are
// refused even where there is such a group, a buffer is not.
func TestReasonsOfRefusedGroups(t *testing.T) {
	t.Parallel()
	g := askGroups(t, nodetest.Start(t))
	good := &wire.CreateReq_Settings{ReadBatchSize: 1, HistoryBufferSize: 2, ConsumerStrategy: "Pinned"}
	for _, from := range []*wire.CreateReq_Options{fromRevision("s", 0), fromPosition(0)} {
		if err := g.create(good, from)(); err != nil {
			t.Fatal(err)
		}
	}
	g.fails("Consumer strategy x does not exist.",
		g.create(&wire.CreateReq_Settings{ConsumerStrategy: "x"}, fromRevision("s", 0)))
	g.fails("Invalid Start From position: commit position must be less than or equal to the last commit position in the transaction file.",
		g.create(good, fromPosition(1<<40)))
	g.fails("Persistent subscriptions to $all are only supported over gRPC through gRPC clients",
		g.create(good, fromRevision("$all", 0)))
	g.fails("Persistent subscriptions to $all are only supported over gRPC through gRPC clients", func(options ...grpc.CallOption) error {
		_, err := g.client.Delete(t.Context(), &wire.DeleteReq{Options: &wire.DeleteReq_Options{
			GroupName: "g", StreamOption: &wire.DeleteReq_Options_StreamIdentifier{StreamIdentifier: named("$all")},
		}}, options...)
		return err
	})
	g.fails("Cannot stop replaying parked message at a negative version.", func(options ...grpc.CallOption) error {
		_, err := g.client.ReplayParked(t.Context(), &wire.ReplayParkedReq{Options: &wire.ReplayParkedReq_Options{
			GroupName: "none", StreamOption: &wire.ReplayParkedReq_Options_StreamIdentifier{StreamIdentifier: named("s")},
			StopAtOption: &wire.ReplayParkedReq_Options_StopAt{StopAt: -1},
		}}, options...)
		return err
	})
	if err := g.create(&wire.CreateReq_Settings{ConsumerStrategy: "Pinned"}, fromRevision("s", 0))(); status.Code(err) != codes.AlreadyExists {
		t.Errorf("a second group with a bad buffer: %v", err)
	}
}

// TestGroupsFromTheHighestNumber start from the end.
func TestGroupsFromTheHighestNumber(t *testing.T) {
	t.Parallel()
	g := askGroups(t, nodetest.Start(t))
	settings := &wire.CreateReq_Settings{ReadBatchSize: 1, HistoryBufferSize: 2}
	for _, from := range []*wire.CreateReq_Options{fromRevision("s", math.MaxUint64), fromPosition(math.MaxUint64)} {
		if err := g.create(settings, from)(); err != nil {
			t.Fatal(err)
		}
	}
	ofStream := &wire.GetInfoReq_Options{StreamOption: &wire.GetInfoReq_Options_StreamIdentifier{StreamIdentifier: named("s")}}
	ofAll := &wire.GetInfoReq_Options{StreamOption: &wire.GetInfoReq_Options_All{All: &shared.Empty{}}}
	if stream, all := g.startOf(ofStream), g.startOf(ofAll); stream != "-1" || all != "C:-1/P:-1" {
		t.Errorf("start from %s and %s", stream, all)
	}
}

// TestListOfAStreamThatHadGroups: it is empty until the groups are loaded anew.
func TestListOfAStreamThatHadGroups(t *testing.T) {
	t.Parallel()
	g := askGroups(t, nodetest.Start(t))
	list := func() ([]*wire.SubscriptionInfo, error) {
		response, err := g.client.List(t.Context(), &wire.ListReq{Options: &wire.ListReq_Options{
			ListOption: &wire.ListReq_Options_ListForStream{ListForStream: &wire.ListReq_StreamOption{
				StreamOption: &wire.ListReq_StreamOption_Stream{Stream: named("s")},
			}},
		}})
		return response.GetSubscriptions(), err
	}
	if err := g.create(&wire.CreateReq_Settings{ReadBatchSize: 1, HistoryBufferSize: 2}, fromRevision("s", 0))(); err != nil {
		t.Fatal(err)
	}
	if _, err := g.client.Delete(t.Context(), &wire.DeleteReq{Options: &wire.DeleteReq_Options{
		GroupName: "g", StreamOption: &wire.DeleteReq_Options_StreamIdentifier{StreamIdentifier: named("s")},
	}}); err != nil {
		t.Fatal(err)
	}
	if groups, err := list(); err != nil || len(groups) != 0 {
		t.Errorf("list after the last was deleted: %v, %v", groups, err)
	}
	if _, err := g.client.RestartSubsystem(t.Context(), &shared.Empty{}); err != nil {
		t.Fatal(err)
	}
	if _, err := list(); status.Code(err) != codes.NotFound {
		t.Errorf("list after a restart: %v", err)
	}
}

// TestInfoOfAGroupThatNobodyReads tells what EventStoreDB knows by reading ahead, though the node does not.
func TestInfoOfAGroupThatNobodyReads(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	g := askGroups(t, n)
	wide, narrow := &wire.CreateReq_Settings{ReadBatchSize: 20, HistoryBufferSize: 500}, &wire.CreateReq_Settings{ReadBatchSize: 5, HistoryBufferSize: 10}
	appendEvents(t, n.Node(), "s", 3)
	appendEvents(t, n.Node(), "long", 20)
	appendEvents(t, n.Node(), "middle", 5)
	appendEvents(t, n.Node(), "ended", 3)
	for stream, one := range map[string]struct {
		settings *wire.CreateReq_Settings
		from     uint64
	}{"s": {wide, 1}, "ended": {wide, math.MaxUint64}, "none": {wide, 0}, "long": {narrow, 0}, "middle": {narrow, 0}, "later": {wide, 2}} {
		if err := g.create(one.settings, fromRevision(stream, one.from))(); err != nil {
			t.Fatal(err)
		}
	}
	g.knows("s", "Live", "2", 2)
	g.knows("ended", "Live", "", 0)
	g.knows("none", "Live", "", 0)
	g.knows("long", "Behind", "4", 5)
	g.knows("middle", "Live", "4", 5)
	for _, stream := range []string{"ended", "long", "middle", "later"} {
		appendEvents(t, n.Node(), stream, 2)
	}
	g.knows("ended", "Live", "4", 2)
	g.knows("long", "Behind", "21", 5)
	g.knows("middle", "Live", "6", 7)
	g.knows("later", "Live", "", 0)
	appendEvents(t, n.Node(), "middle", 4)
	g.knows("middle", "Behind", "10", 10)
}

// TestInfoOfAGroupOfAllThatNobodyReads is about the events that are for it.
func TestInfoOfAGroupOfAllThatNobodyReads(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "wanted", 6)
	for prefix, want := range map[string]struct {
		buffer  int32
		status  string
		unknown bool
	}{"wanted": {500, "Live", false}, "wante": {6, "Behind", false}, "none": {500, "Live", true}} {
		t.Run(prefix, func(t *testing.T) {
			g := askGroups(t, n)
			from := fromPosition(0)
			from.GetAll().FilterOption = &wire.CreateReq_AllOptions_Filter{Filter: &wire.CreateReq_AllOptions_FilterOptions{
				Filter: &wire.CreateReq_AllOptions_FilterOptions_StreamIdentifier{
					StreamIdentifier: &wire.CreateReq_AllOptions_FilterOptions_Expression{Prefix: []string{prefix}},
				},
			}}
			if err := g.create(&wire.CreateReq_Settings{ReadBatchSize: 5, HistoryBufferSize: want.buffer}, from)(); err != nil {
				t.Fatal(err)
			}
			info := g.info("$all")
			if info.GetStatus() != want.status || (info.GetLastKnownEventPosition() == "") != want.unknown {
				t.Errorf("%q is %s and knows %q", prefix, info.GetStatus(), info.GetLastKnownEventPosition())
			}
			if _, err := g.client.Delete(t.Context(), &wire.DeleteReq{Options: &wire.DeleteReq_Options{
				GroupName: "g", StreamOption: &wire.DeleteReq_Options_All{All: &shared.Empty{}},
			}}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestInfoAfterAnUpdate: what was finished before is not known any more, but for the checkpoint.
func TestInfoAfterAnUpdate(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := newClient(t, n.Address)
	appendEvents(t, n.Node(), "s", 3)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}, Settings: eager()})
	consumer := consume(t, client, "s", 1)
	expectEvents(t, consumer, "0@s/0", "1@s/0", "2@s/0")
	if err := client.UpdatePersistentSubscription(t.Context(), "s", "g", esdb.PersistentStreamSubscriptionOptions{
		StartFrom: esdb.Start{}, Settings: eager(),
	}); err != nil {
		t.Fatal(err)
	}
	expectDrop(t, consumer, codes.Canceled)
	g := askGroups(t, n)
	g.knows("s", "Live", "", 0)
	if got := g.info("s").GetLastCheckpointedEventPosition(); got != "2" {
		t.Errorf("the checkpoint is %q", got)
	}
}

// TestAnswersForOthers: what one consumer holds another may answer, as in EventStoreDB; the slot that gets free is the holder's.
func TestAnswersForOthers(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}})
	one := consume(t, client, "s", 1)
	appendEvents(t, n.Node(), "s", 4)
	receive(t, one)
	other := consume(t, client, "s", 1)
	if err := one.Ack(receive(t, other).Event); err != nil {
		t.Fatal(err)
	}
	if err := one.Nack("", esdb.NackActionSkip, receive(t, other).Event); err != nil {
		t.Fatal(err)
	}
	expectEvents(t, other, "3@s/0")
}

// knows expects the state of the group of a stream, the last event that it knows of, and how many wait to be handed out.
func (g *groups) knows(stream, status, last string, read int32) {
	g.t.Helper()
	info := g.info(stream)
	if info.GetStatus() != status || info.GetLastKnownEventPosition() != last || info.GetReadBufferCount() != read {
		g.t.Errorf("the group of %s is %s, knows %q and has read %d, want %s, %q and %d", stream, info.GetStatus(),
			info.GetLastKnownEventPosition(), info.GetReadBufferCount(), status, last, read)
	}
}

// info returns that of the group of a stream or of $all.
func (g *groups) info(stream string) *wire.SubscriptionInfo {
	g.t.Helper()
	options := &wire.GetInfoReq_Options{GroupName: "g", StreamOption: &wire.GetInfoReq_Options_StreamIdentifier{StreamIdentifier: named(stream)}}
	if stream == "$all" {
		options.StreamOption = &wire.GetInfoReq_Options_All{All: &shared.Empty{}}
	}
	info, err := g.client.GetInfo(g.t.Context(), &wire.GetInfoReq{Options: options})
	if err != nil {
		g.t.Fatal(err)
	}
	return info.GetSubscriptionInfo()
}
