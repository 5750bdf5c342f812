package node_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/store"
)

// TestGroupGoesOnAfterARestart: the definition is there, what was acknowledged does not come again, the rest does.
func TestGroupGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 5)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Revision(1)})
	before := consume(t, client, "s", 1)
	expectEvents(t, before, "1@s/0", "2@s/0")
	receive(t, before)
	n.Stop()
	expectDrop(t, before, codes.Unavailable)
	n.Restart()
	client = newClient(t, n.Address)
	expectEvents(t, consume(t, client, "s", 1), "3@s/0", "4@s/0")
	info, err := client.GetPersistentSubscriptionInfo(t.Context(), "s", "g", esdb.GetPersistentSubscriptionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if start := info.Settings.StartFrom; start != esdb.Revision(1) {
		t.Errorf("starts from %v", start)
	}
	if got := info.Stats.LastCheckpointedEventRevision; got == nil || *got != 2 {
		t.Errorf("last checkpoint is %v, want 2", got)
	}
}

// TestFromTheEnd: what is written after the creation comes, also if nobody was connected and the node went down.
func TestFromTheEnd(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 3)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.End{}})
	if err := client.CreatePersistentSubscriptionToAll(t.Context(), "g", esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.End{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"s"}},
	}); err != nil {
		t.Fatal(err)
	}
	appendEvents(t, n.Node(), "s", 1)
	n.Restart()
	appendEvents(t, n.Node(), "s", 1)
	client = newClient(t, n.Address)
	for _, source := range []string{"s", "$all"} {
		expectEvents(t, consume(t, client, source, 1), "3@s/0", "4@s/0")
	}
}

// TestUpdateKeepsFilterAndProgress: an update drops the consumers, and whoever comes again goes on after the checkpoint.
func TestUpdateKeepsFilterAndProgress(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := newClient(t, n.Address)
	if err := client.CreatePersistentSubscriptionToAll(t.Context(), "g", esdb.PersistentAllSubscriptionOptions{
		Settings: eager(), StartFrom: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "^wanted"},
	}); err != nil {
		t.Fatal(err)
	}
	before := consume(t, client, "$all", 1)
	for range 2 {
		appendEvents(t, n.Node(), "other", 300)
		appendEvents(t, n.Node(), "wanted", 1)
	}
	expectEvents(t, before, "0@wanted/0")
	receive(t, before)
	if err := client.UpdatePersistentSubscriptionToAll(t.Context(), "g", esdb.PersistentAllSubscriptionOptions{
		Settings: eager(), StartFrom: esdb.Start{},
	}); err != nil {
		t.Fatal(err)
	}
	expectDrop(t, before, codes.Canceled)
	n.Restart()
	appendEvents(t, n.Node(), "other", 1)
	appendEvents(t, n.Node(), "wanted", 1)
	client = newClient(t, n.Address)
	expectEvents(t, consume(t, client, "$all", 1), "1@wanted/0", "2@wanted/0")
	info, err := client.GetPersistentSubscriptionInfoToAll(t.Context(), "g", esdb.GetPersistentSubscriptionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if info.Settings.CheckpointUpperBound != 1 {
		t.Errorf("settings after the update are %+v", info.Settings)
	}
}

// TestEveryCheckpointStays in its stream: EventStoreDB never writes the metadata by which only two were to stay.
func TestEveryCheckpointStays(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	const stream = "$persistentsubscription-s::g-checkpoint"
	appendEvents(t, n.Node(), "s", 3)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{Settings: eager(), StartFrom: esdb.Start{}})
	following := read(t, n, subscribeEnd(stream))
	following.hears("confirmed", "caught up")
	consumer := consume(t, client, "s", 1)
	for i := range 3 {
		expectEvents(t, consumer, fmt.Sprintf("%d@s/0", i))
		following.hears(fmt.Sprintf("%d@%s", i, stream))
	}
	read(t, n, readStream(stream)).hears("0@"+stream, "1@"+stream, "2@"+stream, "last 2", "end")
	read(t, n, readStream("$$"+stream)).hears("not found", "end")
}

// TestDoneWithoutACheckpoint comes again after an update and a restart of the subsystem, as EventStoreDB writes no checkpoint
// for them; only what a later start would skip without having been done stays.
func TestDoneWithoutACheckpoint(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 9)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}})
	update := func(from esdb.StreamPosition) func() error {
		return func() error {
			return client.UpdatePersistentSubscription(t.Context(), "s", "g", esdb.PersistentStreamSubscriptionOptions{StartFrom: from})
		}
	}
	restart := func() error {
		return client.RestartPersistentSubscriptionSubsystem(t.Context(), esdb.RestartPersistentSubscriptionSubsystemOptions{})
	}
	for _, one := range []struct {
		first string
		then  func() error
	}{
		{"0@s/0", update(esdb.Start{})}, {"0@s/0", restart}, {"0@s/0", update(esdb.Revision(1))}, {"1@s/0", update(esdb.End{})},
	} {
		consumer := consume(t, client, "s", 1)
		expectEvents(t, consumer, one.first)
		receive(t, consumer)
		if err := one.then(); err != nil {
			t.Fatal(err)
		}
		expectDrop(t, consumer, codes.Canceled)
	}
	expectEvents(t, consume(t, client, "s", 1), "2@s/0")
}

// TestDeletedGroupLeavesNothingBehind: a new group of the same name begins anew.
func TestDeletedGroupLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 2)
	client := newClient(t, n.Address)
	for range 2 {
		createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{Settings: eager(), StartFrom: esdb.Start{}})
		consumer := consume(t, client, "s", 1)
		parked := receive(t, consumer)
		if parked.Event.OriginalEvent().EventNumber != 0 {
			t.Errorf("begins at %d", parked.Event.OriginalEvent().EventNumber)
		}
		if err := consumer.Nack("because", esdb.NackActionPark, parked.Event); err != nil {
			t.Fatal(err)
		}
		expectEvents(t, consumer, "1@s/0")
		if err := client.DeletePersistentSubscription(t.Context(), "s", "g", esdb.DeletePersistentSubscriptionOptions{}); err != nil {
			t.Fatal(err)
		}
		expectDrop(t, consumer, codes.Canceled)
	}
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}})
	info, err := client.GetPersistentSubscriptionInfo(t.Context(), "s", "g", esdb.GetPersistentSubscriptionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if info.Stats.ParkedMessagesCount != 0 || info.Stats.LastCheckpointedEventRevision != nil {
		t.Errorf("a new group has %+v", info.Stats)
	}
}

// TestParkedEventsOutliveTheNode and are sent again as far as asked for, until they are done.
func TestParkedEventsOutliveTheNode(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 5)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{Settings: eager(), StartFrom: esdb.Start{}})
	consumer := consume(t, client, "s", 1)
	for range 3 {
		if err := consumer.Nack("because", esdb.NackActionPark, receive(t, consumer).Event); err != nil {
			t.Fatal(err)
		}
	}
	expectEvents(t, consumer, "3@s/0")
	receive(t, consumer)
	n.Restart()
	client = newClient(t, n.Address)
	consumer = consume(t, client, "s", 1)
	expectEvents(t, consumer, "4@s/0")
	replay := func(stopAt int) {
		options := esdb.ReplayParkedMessagesOptions{StopAt: stopAt}
		if err := client.ReplayParkedMessages(t.Context(), "s", "g", options); err != nil {
			t.Fatal(err)
		}
	}
	replay(2)
	expectEvents(t, consumer, "0@s/0")
	if err := consumer.Nack("again", esdb.NackActionPark, receive(t, consumer).Event); err != nil {
		t.Fatal(err)
	}
	appendEvents(t, n.Node(), "s", 1)
	receive(t, consumer)
	n.Restart()
	client = newClient(t, n.Address)
	consumer = consume(t, client, "s", 1)
	expectEvents(t, consumer, "5@s/0")
	replay(0)
	expectEvents(t, consumer, "2@s/0", "1@s/0")
}

// TestLinksAreResolved, if asked for, shown at the link's position and answered by its id; a link to nowhere comes alone.
func TestLinksAreResolved(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 2)
	links := storeEvents(2, 0)
	links[0].Type, links[0].Data = "$>", []byte("1@s")
	links[1].Type, links[1].Data = "$>", []byte("7@s")
	if _, err := n.Node().Append(t.Context(), "links", store.Any, links); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, n.Address)
	settings := eager()
	settings.ResolveLinkTos = true
	createGroup(t, client, "links", esdb.PersistentStreamSubscriptionOptions{Settings: settings, StartFrom: esdb.Start{}})
	consumer := consume(t, client, "links", 1)
	resolved := receive(t, consumer)
	event, link := resolved.Event.Event, resolved.Event.Link
	if event.StreamID != "s" || link.StreamID != "links" || event.Position != link.Position || link.Position.Commit == 0 {
		t.Errorf("got %+v", resolved.Event)
	}
	if err := consumer.Ack(resolved.Event); err != nil {
		t.Fatal(err)
	}
	broken := receive(t, consumer)
	if broken.Event.Event != nil || broken.Event.Link.EventNumber != 1 {
		t.Errorf("got %+v", broken.Event)
	}
}

// TestRestartOfTheSubsystem drops consumers, and reads definitions that somebody else has written.
func TestRestartOfTheSubsystem(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 2)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{Settings: eager(), StartFrom: esdb.Start{}})
	consumer := consume(t, client, "s", 1)
	expectEvents(t, consumer, "0@s/0")
	receive(t, consumer)
	restart := func() error {
		return client.RestartPersistentSubscriptionSubsystem(t.Context(), esdb.RestartPersistentSubscriptionSubsystemOptions{})
	}
	if err := restart(); err != nil {
		t.Fatal(err)
	}
	expectDrop(t, consumer, codes.Canceled)

	const definitions = "$persistentSubscriptionConfig"
	read, err := client.ReadStream(t.Context(), definitions, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	good, err := read.Recv()
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{[]byte("rubbish"), good.Event.Data} {
		event := storeEvents(1, 0)
		event[0].Type, event[0].Data = "$PersistentConfig", data
		if _, err := n.Node().Append(t.Context(), definitions, store.Any, event); err != nil {
			t.Fatal(err)
		}
		bad := string(data) == "rubbish"
		if err := restart(); (err != nil) != bad {
			t.Errorf("restart with %.10s: %v", data, err)
		}
		err := client.CreatePersistentSubscription(t.Context(), "s", "g", esdb.PersistentStreamSubscriptionOptions{})
		if bad {
			expectCode(t, "create while definitions are unknown", err, esdb.ErrorCodeUnknown)
		} else {
			expectCode(t, "create", err, esdb.ErrorCodeResourceAlreadyExists)
		}
	}
	expectEvents(t, consume(t, client, "s", 1), "1@s/0")
}

// TestCompetingConsumers share what writers write meanwhile: every event is done once, though some are tried twice.
func TestCompetingConsumers(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := newClient(t, n.Address)
	createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}})
	const writers, each = 8, 100
	var mu sync.Mutex
	done, all := map[uint64]int{}, make(chan struct{})
	for range 3 {
		consumer := consume(t, client, "s", 7)
		go func() {
			for message := consumer.Recv(); message.EventAppeared != nil; message = consumer.Recv() {
				event := message.EventAppeared.Event
				if message.EventAppeared.RetryCount == 0 && event.OriginalEvent().EventNumber%5 == 0 {
					_ = consumer.Nack("once more", esdb.NackActionRetry, event) // fails only if the test has ended
					continue
				}
				_ = consumer.Ack(event)
				mu.Lock()
				done[event.OriginalEvent().EventNumber]++
				if len(done) == writers*each {
					close(all)
				}
				mu.Unlock()
			}
		}()
	}
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for range each {
				if _, err := n.Node().Append(t.Context(), "s", store.Any, storeEvents(1, 10)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	<-all
	mu.Lock()
	defer mu.Unlock()
	for revision, times := range done {
		if times != 1 {
			t.Errorf("event %d was done %d times", revision, times)
		}
	}
}

// TestNothingIsLostInACrash pulls the plug under a consumer that acknowledges and parks: what it has not done comes
// again or is parked.
func TestNothingIsLostInACrash(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			disk := vfs.NewCrashableMem()
			n := nodetest.StartWith(t, node.Options{Dir: "log", FS: disk})
			const total = 40
			appendEvents(t, n.Node(), "s", total)
			client := newClient(t, n.Address)
			createGroup(t, client, "s", esdb.PersistentStreamSubscriptionOptions{Settings: eager(), StartFrom: esdb.Start{}})
			consumer := consume(t, client, "s", 3)
			acknowledged := map[uint64]bool{}
			for range 10 + 5*seed {
				event := receive(t, consumer).Event
				var err error
				if event.Event.EventNumber%4 == 3 {
					err = consumer.Nack("because", esdb.NackActionPark, event)
				} else {
					acknowledged[event.Event.EventNumber] = true
					err = consumer.Ack(event)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			crashed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 2))})

			after := nodetest.StartWith(t, node.Options{Dir: "log", FS: crashed})
			client = newClient(t, after.Address)
			seen := map[uint64]bool{}
			if err := client.ReplayParkedMessages(t.Context(), "s", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
				t.Fatal(err)
			}
			consumer = consume(t, client, "s", 3)
			for last := false; !last; {
				event := receive(t, consumer).Event
				seen[event.Event.EventNumber] = true
				last = event.Link == nil && event.Event.EventNumber == total-1
				if err := consumer.Ack(event); err != nil {
					t.Fatal(err)
				}
			}
			for revision := range uint64(total) {
				if !acknowledged[revision] && !seen[revision] {
					t.Errorf("event %d is lost", revision)
				}
			}
		})
	}
}

// TestRefusals are calls that no state of the node could accept.
func TestRefusals(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	client := wire.NewPersistentSubscriptionsClient(dial(t, n.Address))
	settings := &wire.CreateReq_Settings{ReadBatchSize: 1, HistoryBufferSize: 2, ConsumerStrategy: "Pinned"}
	create := func(options *wire.CreateReq_Options) error {
		options.Settings = settings
		_, err := client.Create(t.Context(), &wire.CreateReq{Options: options})
		return err
	}
	read := func(messages ...*wire.ReadReq) error {
		call, err := client.Read(t.Context())
		for _, message := range messages {
			if err == nil {
				err = call.Send(message)
			}
		}
		for err == nil {
			_, err = call.Recv()
		}
		return err
	}
	start := &wire.CreateReq_StreamOptions_Start{Start: &shared.Empty{}}
	onStream := func(name string) *wire.CreateReq_Options {
		return &wire.CreateReq_Options{GroupName: "g", StreamOption: &wire.CreateReq_Options_Stream{
			Stream: &wire.CreateReq_StreamOptions{StreamIdentifier: named(name), RevisionOption: start},
		}}
	}
	onAll := func(all *wire.CreateReq_AllOptions) *wire.CreateReq_Options {
		return &wire.CreateReq_Options{StreamOption: &wire.CreateReq_Options_All{All: all}}
	}
	at := func(commit, prepare uint64) *wire.CreateReq_AllOptions {
		return &wire.CreateReq_AllOptions{AllOption: &wire.CreateReq_AllOptions_Position{
			Position: &wire.CreateReq_Position{CommitPosition: commit, PreparePosition: prepare},
		}}
	}
	badFilter := at(0, 0)
	badFilter.FilterOption = &wire.CreateReq_AllOptions_Filter{Filter: &wire.CreateReq_AllOptions_FilterOptions{
		Filter: &wire.CreateReq_AllOptions_FilterOptions_EventType{
			EventType: &wire.CreateReq_AllOptions_FilterOptions_Expression{Regex: "("},
		},
	}}
	if err := create(onStream("s")); err != nil {
		t.Fatal(err)
	}
	connect := &wire.ReadReq{Content: &wire.ReadReq_Options_{Options: &wire.ReadReq_Options{
		GroupName: "g", BufferSize: 1, StreamOption: &wire.ReadReq_Options_StreamIdentifier{StreamIdentifier: named("s")},
		UuidOption: &wire.ReadReq_Options_UUIDOption{},
	}}}
	withoutIDs := &wire.ReadReq{Content: &wire.ReadReq_Options_{Options: &wire.ReadReq_Options{
		GroupName: "g", BufferSize: 1, StreamOption: connect.GetOptions().GetStreamOption(),
	}}}
	_, negative := client.ReplayParked(t.Context(), &wire.ReplayParkedReq{Options: &wire.ReplayParkedReq_Options{
		GroupName: "g", StreamOption: &wire.ReplayParkedReq_Options_StreamIdentifier{StreamIdentifier: named("s")},
		StopAtOption: &wire.ReplayParkedReq_Options_StopAt{StopAt: -1},
	}})
	for name, test := range map[string]struct {
		err  error
		want codes.Code
	}{
		"no stream":             {create(onStream("")), codes.InvalidArgument},
		"all as a stream":       {create(onStream("$all")), codes.Internal},
		"beyond the log's end":  {create(onAll(at(1<<40, 1<<40))), codes.Internal},
		"prepare above commit":  {create(onAll(at(1, 2))), codes.InvalidArgument},
		"no position":           {create(onAll(&wire.CreateReq_AllOptions{})), codes.InvalidArgument},
		"bad filter":            {create(onAll(badFilter)), codes.InvalidArgument},
		"replay to a negative":  {negative, codes.Internal},
		"read without options":  {read(&wire.ReadReq{}), codes.InvalidArgument},
		"read without a buffer": {read(&wire.ReadReq{Content: &wire.ReadReq_Options_{Options: &wire.ReadReq_Options{}}}), codes.InvalidArgument},
		"nothing said of ids":   {read(withoutIDs), codes.InvalidArgument},
		"options twice":         {read(connect, connect), codes.InvalidArgument},
		"an id that is none": {read(connect, &wire.ReadReq{Content: &wire.ReadReq_Ack_{Ack: &wire.ReadReq_Ack{
			Ids: []*shared.UUID{{Value: &shared.UUID_String_{String_: "x"}}},
		}}}), codes.InvalidArgument},
	} {
		if status.Code(test.err) != test.want {
			t.Errorf("%s: %v, want %s", name, test.err, test.want)
		}
	}
}
