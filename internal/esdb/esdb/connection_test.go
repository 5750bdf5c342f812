package esdb_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestANewClientDialsNothing(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := open(t, config(t, "esdb://"+listener.Addr().String()+"?tls=false"))
	_ = client
	accepted := make(chan error)
	go func() {
		_, err := listener.Accept()
		accepted <- err
	}()
	_ = listener.Close()
	if err := <-accepted; err == nil {
		t.Error("a connection came before the first call")
	}
}

func TestUnixSocketAddress(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	(&server{}).startUnix(t, path)
	client := connectUnix(t, path)
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Error(err)
	}
}

func TestChangingTheConfigurationLaterDoesNothing(t *testing.T) {
	t.Parallel()
	endpoint := (&server{}).start(t)
	configuration := config(t, "esdb://"+endpoint.String()+"?tls=false")
	client := open(t, configuration)
	configuration.Address = "nowhere:1"
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Error(err)
	}
}

func TestNotLeaderSendsTheNextCallToTheLeader(t *testing.T) {
	t.Parallel()
	leader := &server{}
	named := leader.start(t)
	follower := notLeading(named)
	client := connect(t, follower.start(t))

	subscription, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
	if codeOf(t, err) != esdb.ErrorCodeNotLeader {
		t.Fatalf("got %v", err)
	}
	if leader.called("append") != 0 {
		t.Error("the call was repeated")
	}
	for range 2 {
		if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
			t.Error(err)
		}
	}
	if leader.called("append") != 2 || follower.called("append") != 1 {
		t.Errorf("leader got %d calls, follower %d", leader.called("append"), follower.called("append"))
	}
	if got := subscription.Recv(); got.SubscriptionDropped == nil {
		t.Errorf("a subscription to the node left behind: got %+v, want dropped", got)
	}
}

// notLeading refuses appends in favour of the leader and confirms subscriptions.
func notLeading(leader *esdb.EndPoint) *server {
	node := waiting(nil)
	node.onAppendCall = func(call streams.Streams_AppendServer) error {
		if _, err := receiveAll(call); err != nil {
			return err
		}
		call.SetTrailer(leaderTrailer(leader))
		return status.Error(codes.NotFound, "Leader info available")
	}
	return node
}

func TestALeaderThatIsGoneIsGivenUp(t *testing.T) {
	t.Parallel()
	gone := &server{}
	named := gone.start(t)
	gone.grpc.Stop()
	follower := notLeading(named)
	client := connect(t, follower.start(t))
	for range 2 {
		if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); codeOf(t, err) != esdb.ErrorCodeNotLeader {
			t.Errorf("got %v", err)
		}
	}
}

func TestUnavailableStartsDiscoveryAndSparesRunningCalls(t *testing.T) {
	t.Parallel()
	busy := true
	send := make(chan struct{})
	node := &server{
		onAppend: func([]*streams.AppendReq) (*streams.AppendResp, error) {
			if busy {
				busy = false
				return nil, status.Error(codes.Unavailable, "Server Is Not Ready")
			}
			return appended(0), nil
		},
		onRead: func(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
			if err := call.Send(confirmation()); err != nil {
				return err
			}
			<-send
			return call.Send(eventMessage(wireEvent(0), nil))
		},
	}
	client := connect(t, node.start(t))
	subscription, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
	if codeOf(t, err) != esdb.ErrorUnavailable {
		t.Errorf("got %v, want Unavailable and no repetition", err)
	}
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Error(err)
	}
	if got := node.called("features"); got != 2 {
		t.Errorf("the node was asked %d times, want once per discovery", got)
	}
	close(send)
	if got := subscription.Recv(); got.EventAppeared == nil {
		t.Errorf("got %+v, want the event", got)
	}
}

func TestAServerThatRestartsIsFoundAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	node := waiting(nil)
	node.startUnix(t, path)
	client := connectUnix(t, path)
	subscription, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{})
	if err != nil {
		t.Fatal(err)
	}
	node.grpc.Stop()
	if got := subscription.Recv(); got.SubscriptionDropped == nil || status.Code(got.SubscriptionDropped.Error) != codes.Unavailable {
		t.Errorf("got %+v, want dropped as unavailable", got)
	}
	(&server{}).startUnix(t, path)
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func TestAClosedClientSaysSo(t *testing.T) {
	t.Parallel()
	for name, used := range map[string]bool{"before its first call": false, "after a call": true} {
		client := connect(t, (&server{}).start(t))
		if used {
			if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		}
		_, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
		if own, ok := esdb.FromError(err); !ok || own.Code() != esdb.ErrorCodeConnectionClosed {
			t.Errorf("closed %s: got %v", name, err)
		}
	}
}

func TestCloseEndsWaitingAndRunningCalls(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	hang := func(ctx context.Context) {
		close(begun)
		<-ctx.Done()
	}
	for name, node := range map[string]*server{
		"waiting for a connection": {onFeatures: func(ctx context.Context) (*serverfeatures.SupportedMethods, error) {
			hang(ctx)
			return nil, ctx.Err()
		}},
		"waiting for an answer": {onAppendCall: func(call streams.Streams_AppendServer) error {
			hang(call.Context())
			return nil
		}},
	} {
		begun = make(chan struct{})
		client := connect(t, node.start(t))
		failed := make(chan error)
		go func() {
			_, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
			failed <- err
		}()
		<-begun
		_ = client.Close()
		if err := <-failed; codeOf(t, err) != esdb.ErrorCodeConnectionClosed {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLargeEventsAreTaken(t *testing.T) {
	t.Parallel()
	large := wireEvent(0)
	large.Data = make([]byte, 16<<20)
	client := connect(t, answering(nil, eventMessage(large, nil)).start(t))
	read, err := client.ReadStream(within(t), "s", esdb.ReadStreamOptions{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if event, err := read.Recv(); err != nil || len(event.Event.Data) != 16<<20 {
		t.Errorf("got %v", err)
	}
}
