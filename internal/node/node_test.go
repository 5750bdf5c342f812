package node_test

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
)

func TestSecondNodeOnAFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	nodetest.StartWith(t, node.Options{Dir: dir})
	if _, err := node.Open(node.Options{Dir: dir}); !errors.Is(err, node.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second node answered %v", err)
	}
}

// TestFailedSyncStopsTheNode breaks the disk: the writer is refused, and the owner is told and can close.
func TestFailedSyncStopsTheNode(t *testing.T) {
	t.Parallel()
	cause := errors.New("no sync")
	broken := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSync {
			return cause
		}
		return nil
	})}
	n, err := node.Open(node.Options{Dir: "log", FS: errorfs.Wrap(vfs.NewMem(), broken)})
	if err != nil {
		t.Fatal(err)
	}
	address, served := serve(t, n)
	client := streams.NewStreamsClient(dial(t, address))
	if err := appendOnce(t.Context(), client, "s", nil); err != nil {
		t.Fatal(err)
	}
	broken.On()
	if err := appendOnce(t.Context(), client, "s", nil); status.Code(err) != codes.Unavailable {
		t.Errorf("append on a broken disk answered %v", err)
	}
	if err := <-n.Failed(); !errors.Is(err, cause) {
		t.Errorf("reported cause is %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	broken.Off()
	_ = n.Close() // whatever Pebble makes of its broken log, closing must return
}

// serve makes a node reachable through a socket in a short folder.
func serve(t *testing.T, n *node.Node) (address string, served <-chan error) {
	t.Helper()
	socket := filepath.Join(shortFolder(t), "s")
	lis, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.Serve(lis) }()
	return "unix://" + socket, ended
}

// TestSeveralListeners serves a unix socket and TCP at once.
func TestSeveralListeners(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	running := n.Node()
	go func() { served <- running.Serve(lis) }()
	for _, address := range []string{n.Address, lis.Addr().String()} {
		if err := appendOnce(t.Context(), streams.NewStreamsClient(dial(t, address)), "s", nil); err != nil {
			t.Errorf("append through %s: %v", address, err)
		}
	}
	n.Stop()
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestMaxAgeHidesOldEvents(t *testing.T) {
	t.Parallel()
	var now atomic.Pointer[time.Time]
	advance := func(to time.Time) { now.Store(&to) }
	advance(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	n := nodetest.StartWith(t, node.Options{Clock: func() time.Time { return *now.Load() }})
	client := streams.NewStreamsClient(dial(t, n.Address))
	metadata := storeEvents(1, 0)
	metadata[0].Type, metadata[0].Data = "$metadata", []byte(`{"$maxAge":60}`)
	if _, err := n.Node().Append(t.Context(), "$$s", -1, metadata); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := appendOnce(t.Context(), client, "s", nil); err != nil {
			t.Fatal(err)
		}
		advance(now.Load().Add(31 * time.Second))
	}
	call := subscribe(t, client, readStream("s"))
	first, err := call.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if got := first.GetEvent().GetEvent(); got.GetStreamRevision() != 2 {
		t.Errorf("first visible revision is %d, want 2", got.GetStreamRevision())
	}
	if want := "18934560620000000"; first.GetEvent().GetEvent().GetMetadata()["created"] != want {
		t.Errorf("created is %s, want %s", first.GetEvent().GetEvent().GetMetadata()["created"], want)
	}
}

// TestEventsTravelWhole reads back all that can be in an event, small and large, in both forms of the id.
func TestEventsTravelWhole(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	events := storeEvents(3, 0)
	events[0].Type, events[0].Data, events[0].Metadata = "größer", []byte(`{"a":1}`), []byte(`{"m":1}`)
	events[1].JSON, events[1].Data = false, make([]byte, 1<<20-100)
	if _, err := n.Node().Append(t.Context(), "straße", -1, events); err != nil {
		t.Fatal(err)
	}
	client := streams.NewStreamsClient(dial(t, n.Address))
	text := readStream("straße")
	text.UuidOption.Content = &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}
	for _, options := range []*streams.ReadReq_Options{readStream("straße"), text} {
		call := subscribe(t, client, options)
		for i, want := range events {
			response, err := call.Recv()
			if err != nil {
				t.Fatal(err)
			}
			got := response.GetEvent().GetEvent()
			contentType := map[bool]string{true: "application/json", false: "application/octet-stream"}[want.JSON]
			expected := proto.CloneOf(got)
			expected.StreamRevision, expected.StreamIdentifier = uint64(i), named("straße")
			expected.Data, expected.CustomMetadata = want.Data, want.Metadata
			expected.Metadata = map[string]string{
				"type": want.Type, "content-type": contentType, "created": got.GetMetadata()["created"],
			}
			if !proto.Equal(expected, got) || len(got.ProtoReflect().GetUnknown()) > 0 {
				t.Errorf("event %d came back as %.300v", i, got)
			}
		}
	}
}

// TestFreshNodeLooksReady: tools wait for two users, and dial the address that gossip names.
func TestFreshNodeLooksReady(t *testing.T) {
	t.Parallel()
	n := nodetest.StartWith(t, node.Options{AdvertiseHost: "store.example", AdvertisePort: 1234})
	conn := dial(t, n.Address)
	for range 2 {
		users, _ := takeEvents(t, subscribe(t, streams.NewStreamsClient(conn), readStream("$users")), 2)
		if len(users) != 2 {
			t.Errorf("users: %v", users)
		}
		n.Restart()
		conn = dial(t, n.Address)
	}
	cluster, err := gossip.NewGossipClient(conn).Read(t.Context(), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	member := cluster.GetMembers()[0]
	if member.GetState() != gossip.MemberInfo_Leader || member.GetHttpEndPoint().GetAddress() != "store.example" ||
		member.GetHttpEndPoint().GetPort() != 1234 {
		t.Errorf("gossip names %v", member)
	}
}

// TestAnnouncedMethodsAreServed calls nothing that is not announced unimplemented, and the other way round.
func TestAnnouncedMethodsAreServed(t *testing.T) {
	t.Parallel()
	conn := dial(t, nodetest.Start(t).Address)
	supported, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(t.Context(), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	announced := map[string]bool{}
	for _, method := range supported.GetMethods() {
		announced[method.GetServiceName()+"/"+method.GetMethodName()] = true
	}
	for _, method := range []string{"Read", "Append", "Delete", "Tombstone", "BatchAppend"} {
		err := conn.Invoke(t.Context(), "/event_store.client.streams.Streams/"+method, &shared.Empty{}, &shared.Empty{})
		served := status.Code(err) != codes.Unimplemented
		if name := "event_store.client.streams.streams/" + strings.ToLower(method); served != announced[name] {
			t.Errorf("%s: served %v, announced %v (%v)", name, served, announced[name], err)
		}
	}
}
