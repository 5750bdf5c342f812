package esdb_test

import (
	"context"
	"errors"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func member(state gossip.MemberInfo_VNodeState, alive bool, node *esdb.EndPoint) *gossip.MemberInfo {
	return &gossip.MemberInfo{
		State: state, IsAlive: alive,
		HttpEndPoint: &gossip.EndPoint{Address: node.Host, Port: uint32(node.Port)},
	}
}

func telling(members ...*gossip.MemberInfo) func() (*gossip.ClusterInfo, error) {
	return func() (*gossip.ClusterInfo, error) { return &gossip.ClusterInfo{Members: members}, nil }
}

func TestGossipLeadsToThePreferredNode(t *testing.T) {
	t.Parallel()
	const (
		leader   = gossip.MemberInfo_Leader
		follower = gossip.MemberInfo_Follower
		readOnly = gossip.MemberInfo_ReadOnlyReplica
	)
	for name, row := range map[string]struct {
		preference string
		// states of up to three nodes; the second one must be chosen
		first, second, third gossip.MemberInfo_VNodeState
	}{
		"leader":                     {"leader", follower, leader, readOnly},
		"follower":                   {"follower", leader, follower, readOnly},
		"read-only replica":          {"readOnlyReplica", leader, readOnly, follower},
		"leaderless replica":         {"readOnlyReplica", leader, gossip.MemberInfo_ReadOnlyLeaderless, follower},
		"replica before it is one":   {"readOnlyReplica", leader, gossip.MemberInfo_PreReadOnlyReplica, follower},
		"no leader: whoever serves":  {"leader", gossip.MemberInfo_CatchingUp, follower, gossip.MemberInfo_Clone},
		"random, but it must serve":  {"random", gossip.MemberInfo_ResigningLeader, follower, gossip.MemberInfo_Shutdown},
		"managers are no nodes":      {"leader", gossip.MemberInfo_Manager, leader, gossip.MemberInfo_Manager},
		"unknown state does nothing": {"random", gossip.MemberInfo_Unknown, leader, gossip.MemberInfo_Initializing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := [3]server{}
			first, second, third := nodes[0].start(t), nodes[1].start(t), nodes[2].start(t)
			seed := &server{onGossip: telling(
				member(leader, false, first), member(follower, false, first), member(readOnly, false, first), // not alive
				member(row.first, true, first), member(row.second, true, second), member(row.third, true, third),
			)}
			endpoint := seed.start(t)
			for _, text := range []string{
				"esdb+discover://" + endpoint.String(),
				"esdb://" + joined(endpoint, endpoint),
			} {
				client := open(t, config(t, text+"?tls=false&nodePreference="+row.preference))
				before := nodes[1].called("append")
				if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
					t.Fatal(err)
				}
				if nodes[1].called("append") != before+1 {
					t.Errorf("%s: another node was chosen", text)
				}
			}
		})
	}
}

func TestASeedThatIsDownIsPassedOver(t *testing.T) {
	t.Parallel()
	node := &server{}
	endpoint := node.start(t)
	node.onGossip = telling(member(gossip.MemberInfo_Leader, true, endpoint))
	down := &server{}
	gone := down.start(t)
	down.grpc.Stop()
	client := open(t, config(t, "esdb://"+joined(gone, gone, endpoint, gone)+"?tls=false"))
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Error(err)
	}
}

func TestGossipWithoutAServingNodeFailsTheCall(t *testing.T) {
	t.Parallel()
	seed := &server{onGossip: telling()}
	endpoint := seed.start(t)
	client := open(t, config(t, "esdb+discover://"+endpoint.String()+"?tls=false"))
	_, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
	if own, ok := esdb.FromError(err); !ok {
		t.Errorf("got %v, want a bare *Error", own)
	}
	if got := seed.called("gossip"); got != 3 {
		t.Errorf("asked %d times, want MaxDiscoverAttempts", got)
	}
}

func TestAFailedDiscoveryEndsTheClientForGood(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	attempts := 0
	node := &server{onFeatures: func(context.Context) (*serverfeatures.SupportedMethods, error) {
		if attempts++; attempts == 1 {
			close(asked)
			<-release
		}
		return nil, status.Error(codes.Unavailable, "starting")
	}}
	client := connect(t, node.start(t))
	call := func() <-chan error {
		failed := make(chan error, 1)
		go func() {
			_, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
			failed <- err
		}()
		return failed
	}
	first := call()
	<-asked
	queued := call()
	esdb.AwaitQueued(client)
	close(release)
	err := <-first
	if own, ok := esdb.FromError(err); !ok || own.Code() != esdb.ErrorUnavailable {
		t.Errorf("the call that began the search: got %v, want the last attempt's Unavailable", err)
	}
	if err := <-call(); codeOf(t, err) != esdb.ErrorCodeConnectionClosed {
		t.Errorf("a later call: got %v", err)
	}
	select {
	case err := <-queued:
		t.Errorf("a call that was queued came back: %v", err)
	default:
	}
	_ = client.Close()
	if err := <-queued; codeOf(t, err) != esdb.ErrorCodeConnectionClosed {
		t.Errorf("a call that was queued, after Close: got %v", err)
	}
}

func TestDiscoveryGoesOnUntilTheServerIsThere(t *testing.T) {
	t.Parallel()
	failures := 2
	node := &server{onFeatures: func(context.Context) (*serverfeatures.SupportedMethods, error) {
		if failures--; failures >= 0 {
			return nil, status.Error(codes.Unavailable, "starting")
		}
		return &serverfeatures.SupportedMethods{EventStoreServerVersion: "1.2.3"}, nil
	}}
	client := connect(t, node.start(t))
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Error(err)
	}
}

func TestDiscoveryHeedsNoContext(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	node := &server{onFeatures: func(context.Context) (*serverfeatures.SupportedMethods, error) {
		close(asked)
		<-release
		return &serverfeatures.SupportedMethods{EventStoreServerVersion: "1.2.3"}, nil
	}}
	client := connect(t, node.start(t))
	ctx, cancel := context.WithCancel(within(t))
	failed := make(chan error, 1)
	go func() {
		_, err := client.AppendToStream(ctx, "s", esdb.AppendToStreamOptions{})
		failed <- err
	}()
	<-asked
	cancel()
	select {
	case err := <-failed:
		t.Errorf("came back during the search: %v", err)
	default:
	}
	close(release) // asked would be closed twice, and panic, if a second search had begun
	if err := <-failed; codeOf(t, err) != esdb.ErrorCodeUnknown || status.Code(errors.Unwrap(asError(err))) != codes.Canceled {
		t.Errorf("cancelled: got %v", err)
	}
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); err != nil {
		t.Errorf("the next call: %v", err)
	}
	if node.called("append") != 1 {
		t.Error("the cancelled call was made")
	}
}

func TestOneSearchServesAllCallers(t *testing.T) {
	t.Parallel()
	node := &server{}
	client := connect(t, node.start(t))
	const callers = 32
	done := make(chan error, callers)
	for range callers {
		go func() {
			_, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{})
			done <- err
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := node.called("features"); got != 1 {
		t.Errorf("the node was asked %d times", got)
	}
}

func TestNoAttemptsFailEveryCall(t *testing.T) {
	t.Parallel()
	endpoint := (&server{}).start(t)
	client := open(t, &esdb.Configuration{Address: endpoint.String(), DisableTLS: true, GossipTimeout: 5})
	if _, err := client.AppendToStream(within(t), "s", esdb.AppendToStreamOptions{}); codeOf(t, err) != esdb.ErrorCodeUnknown {
		t.Errorf("got %v", err)
	}
}

func TestServerVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*esdb.ServerVersion{
		"23.10.8":   {Major: 23, Minor: 10, Patch: 8},
		"24.2":      {Major: 24, Minor: 2},
		"1.2.3.4":   {Major: 1, Minor: 2, Patch: 3},
		"23.x":      nil,
		"":          nil,
		"unknown":   {}, // the server has no such service
		"not found": {},
	} {
		node := &server{onFeatures: func(context.Context) (*serverfeatures.SupportedMethods, error) {
			switch text {
			case "unknown":
				return nil, status.Error(codes.Unimplemented, "?")
			case "not found":
				return nil, status.Error(codes.NotFound, "?")
			}
			return &serverfeatures.SupportedMethods{EventStoreServerVersion: text}, nil
		}}
		got, err := connect(t, node.start(t)).GetServerVersion()
		if want == nil {
			if err == nil {
				t.Errorf("%q: accepted as %v", text, got)
			}
			continue
		}
		if err != nil || *got != *want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}
