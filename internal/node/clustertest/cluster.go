// Package clustertest puts a cluster in front of an embedded event store for a test: members with addresses of their
// own, all with the one log, of which one is the leader by what gossip says and by whom they refuse. A member can be
// made to behave like a machine or a network that fails. Nothing is replicated: what a real cluster does to a log is not
// tested here, only what it does to its clients. It knows gRPC and the protocol's messages.
package clustertest

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"

	"am-user-management/internal/node/nodetest"
)

// Cluster is a running cluster.
type Cluster struct {
	// Node is the event store behind it. Asked directly, it never fails.
	Node *nodetest.Node
	// Members are the addresses in front of it.
	Members []*Member

	behind *grpc.ClientConn

	mu       sync.Mutex
	leader   int
	noQuorum bool
}

// Start runs a cluster of so many members until the test ends. The first one leads.
func Start(t testing.TB, members int) *Cluster {
	t.Helper()
	c := &Cluster{Node: nodetest.Start(t)}
	behind, err := grpc.NewClient(c.Node.Address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(frames{}), grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := behind.Close(); err != nil {
			t.Error(err)
		}
	})
	c.behind = behind
	for number := range members {
		c.Members = append(c.Members, c.startMember(t, number))
	}
	return c
}

func (c *Cluster) startMember(t testing.TB, number int) *Member {
	t.Helper()
	lis, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &Member{cluster: c, number: number, line: &line{Listener: lis}}
	m.server = grpc.NewServer(grpc.ForceServerCodecV2(frames{}), grpc.UnknownServiceHandler(m.handle),
		grpc.MaxRecvMsgSize(maxMessage), grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: minPing, PermitWithoutStream: true,
		}))
	served := make(chan error, 1)
	go func() { served <- m.server.Serve(m.line) }()
	t.Cleanup(func() {
		m.line.cut() // a connection without an other end would be waited for
		m.server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return m
}

// URL is a connection string with all members and some settings, such as gossipTimeout=1.
func (c *Cluster) URL(settings ...string) string {
	addresses := make([]string, len(c.Members))
	for i, m := range c.Members {
		addresses[i] = m.Address()
	}
	return "esdb://" + strings.Join(addresses, ",") + "?" + strings.Join(append(settings, "tls=false"), "&")
}

// Lead makes a member the leader. The others refuse, from now on, what only the leader may do.
func (c *Cluster) Lead(number int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leader = number
}

// LoseQuorum has every member refuse to write, or write again.
func (c *Cluster) LoseQuorum(lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noQuorum = lost
}

func (c *Cluster) state() (leader *Member, noQuorum bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Members[c.leader], c.noQuorum
}

// gossip is what every member says: it calls members alive that are not, as a cluster does that has not noticed yet.
func (c *Cluster) gossip() ([]byte, error) {
	leader, _ := c.state()
	said := &gossip.ClusterInfo{}
	for _, m := range c.Members {
		state := gossip.MemberInfo_Follower
		if m == leader {
			state = gossip.MemberInfo_Leader
		}
		host, port := m.hostPort()
		said.Members = append(said.Members, &gossip.MemberInfo{
			State: state, IsAlive: true, HttpEndPoint: &gossip.EndPoint{Address: host, Port: port},
		})
	}
	return proto.Marshal(said)
}
