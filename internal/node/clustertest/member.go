package clustertest

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	maxMessage = 17 << 20
	minPing    = 5 * time.Second
)

// Member is one address of a cluster.
type Member struct {
	cluster *Cluster
	number  int
	line    *line
	server  *grpc.Server
	appends atomic.Int64
	reads   atomic.Int64
}

// Address is host:port.
func (m *Member) Address() string { return m.line.Addr().String() }

// Appends is how many appends this member has answered with success.
func (m *Member) Appends() int64 { return m.appends.Load() }

// Reads is how many reads and subscriptions this member has answered to their end.
func (m *Member) Reads() int64 { return m.reads.Load() }

// Kill ends the connections and refuses new ones, until Heal.
func (m *Member) Kill() {
	m.line.set(refusing)
	m.line.cut()
}

// Freeze leaves connections open but takes them away from the member, the ones that are and those that come, until
// Heal: who waits at the other end is told nothing. Those that were taken away do not come back.
func (m *Member) Freeze() { m.line.freeze() }

// Cut ends the connections, answers that are on their way included.
func (m *Member) Cut() { m.line.cut() }

// Slow has everything that arrives take so long.
func (m *Member) Slow(by time.Duration) { m.line.delay.Store(int64(by)) }

// Heal takes connections again and answers them at once.
func (m *Member) Heal() {
	m.line.set(open)
	m.line.delay.Store(0)
}

func (m *Member) hostPort() (string, uint32) {
	host, port, _ := net.SplitHostPort(m.Address())
	number, _ := strconv.ParseUint(port, 10, 16)
	return host, uint32(number)
}

// handle answers a call, by what the cluster says or by what the node behind it says.
func (m *Member) handle(_ any, call grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(call)
	if method == gossip.Gossip_Read_FullMethodName {
		said, err := m.cluster.gossip()
		if err != nil {
			return err
		}
		return call.SendMsg(&said)
	}
	headers, _ := metadata.FromIncomingContext(call.Context())
	leader, noQuorum := m.cluster.state()
	if m != leader && slices.Contains(headers.Get("requires-leader"), "true") {
		host, port := leader.hostPort()
		call.SetTrailer(metadata.Pairs("exception", "not-leader",
			"leader-endpoint-host", host, "leader-endpoint-port", strconv.Itoa(int(port))))
		return status.Error(codes.NotFound, "Leader info available")
	}
	if method == streams.Streams_Append_FullMethodName && noQuorum {
		return status.Error(codes.Unavailable, "Server Is Not Ready")
	}
	if err := m.forward(call, method, headers); err != nil {
		return err
	}
	switch method {
	case streams.Streams_Append_FullMethodName:
		m.appends.Add(1)
	case streams.Streams_Read_FullMethodName:
		m.reads.Add(1)
	}
	return nil
}

// forward hands a call to the node behind, message by message.
func (m *Member) forward(call grpc.ServerStream, method string, headers metadata.MD) error {
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(call.Context(), headers))
	defer cancel()
	behind, err := m.cluster.behind.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	go func() {
		var message []byte
		for call.RecvMsg(&message) == nil {
			if behind.SendMsg(&message) != nil {
				return
			}
		}
		_ = behind.CloseSend() // its end is in what the other direction receives
	}()
	for {
		var message []byte
		if err := behind.RecvMsg(&message); err != nil {
			call.SetTrailer(behind.Trailer())
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := call.SendMsg(&message); err != nil {
			return err
		}
	}
}
