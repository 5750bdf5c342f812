package esdb_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// server is a node of which a test says how it answers.
type server struct {
	streams.UnimplementedStreamsServer
	gossip.UnimplementedGossipServer
	serverfeatures.UnimplementedServerFeaturesServer

	onRead   func(*streams.ReadReq, streams.Streams_ReadServer) error
	onAppend func([]*streams.AppendReq) (*streams.AppendResp, error)
	// onAppendCall takes the place of onAppend.
	onAppendCall func(streams.Streams_AppendServer) error
	onDelete     func(context.Context, *streams.DeleteReq) (*streams.DeleteResp, error)
	onTombstone  func(context.Context, *streams.TombstoneReq) (*streams.TombstoneResp, error)
	onGossip     func() (*gossip.ClusterInfo, error)
	onFeatures   func(context.Context) (*serverfeatures.SupportedMethods, error)

	groups *groups // nil: no persistent subscriptions

	grpc    *grpc.Server
	mu      sync.Mutex
	headers map[string]metadata.MD // by method, of its last call
	calls   map[string]int
}

// start serves on a free port until the test ends and returns where.
func (s *server) start(t *testing.T, options ...grpc.ServerOption) *esdb.EndPoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.serve(t, listener, options...)
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	number, _ := strconv.Atoi(port)
	return &esdb.EndPoint{Host: host, Port: uint16(number)}
}

// startUnix serves on a socket file.
func (s *server) startUnix(t testing.TB, path string) {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s.serve(t, listener)
}

// connectUnix makes a client of the node at a socket file.
func connectUnix(t testing.TB, path string) *esdb.Client {
	t.Helper()
	configuration := config(t, "esdb://ignored?tls=false")
	configuration.Address = "unix://" + path
	return open(t, configuration)
}

func (s *server) serve(t testing.TB, listener net.Listener, options ...grpc.ServerOption) {
	t.Helper()
	s.headers, s.calls = make(map[string]metadata.MD), make(map[string]int)
	s.grpc = grpc.NewServer(options...)
	streams.RegisterStreamsServer(s.grpc, s)
	gossip.RegisterGossipServer(s.grpc, gossipService{s})
	serverfeatures.RegisterServerFeaturesServer(s.grpc, s)
	if s.groups != nil {
		persistent.RegisterPersistentSubscriptionsServer(s.grpc, s.groups)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.grpc.Serve(listener)
	}()
	t.Cleanup(func() {
		s.grpc.Stop()
		<-done
	})
}

func (s *server) note(ctx context.Context, method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers[method], _ = metadata.FromIncomingContext(ctx)
	s.calls[method]++
}

func (s *server) header(method, key string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.headers[method].Get(key)
}

func (s *server) called(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

func (s *server) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	s.note(call.Context(), "read")
	if s.onRead == nil {
		return nil
	}
	return s.onRead(request, call)
}

func (s *server) Append(call streams.Streams_AppendServer) error {
	s.note(call.Context(), "append")
	if s.onAppendCall != nil {
		return s.onAppendCall(call)
	}
	requests, err := receiveAll(call)
	if err != nil {
		return err
	}
	if s.onAppend == nil {
		return call.SendAndClose(appended(uint64(len(requests) - 2)))
	}
	answer, err := s.onAppend(requests)
	if err != nil {
		return err
	}
	return call.SendAndClose(answer)
}

// receiveAll waits until the client has sent all of its append.
func receiveAll(call streams.Streams_AppendServer) ([]*streams.AppendReq, error) {
	var requests []*streams.AppendReq
	for {
		request, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return requests, nil
		}
		if err != nil {
			return nil, err
		}
		requests = append(requests, request)
	}
}

func (s *server) Delete(ctx context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
	s.note(ctx, "delete")
	return s.onDelete(ctx, request)
}

func (s *server) Tombstone(ctx context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	s.note(ctx, "tombstone")
	return s.onTombstone(ctx, request)
}

func (s *server) GetSupportedMethods(ctx context.Context, _ *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	s.note(ctx, "features")
	if s.onFeatures == nil {
		return &serverfeatures.SupportedMethods{EventStoreServerVersion: "23.10.8"}, nil
	}
	return s.onFeatures(ctx)
}

// gossipService is apart because Streams has a Read too.
type gossipService struct{ *server }

func (s gossipService) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	s.note(ctx, "gossip")
	return s.onGossip()
}

func appended(revision uint64) *streams.AppendResp {
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: revision},
		PositionOption: &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition: 100 + revision, PreparePosition: 100 + revision,
		}},
	}}}
}

// connect makes a client of one node in clear text.
func connect(t *testing.T, node *esdb.EndPoint) *esdb.Client {
	t.Helper()
	return open(t, config(t, "esdb://"+node.String()+"?tls=false"))
}

func config(t testing.TB, text string) *esdb.Configuration {
	t.Helper()
	config, err := esdb.ParseConnectionString(text)
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = nil
	config.DiscoveryInterval = 1
	config.MaxDiscoverAttempts = 3
	return config
}

func open(t testing.TB, config *esdb.Configuration) *esdb.Client {
	t.Helper()
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// codeOf is the code of the *Error in err's chain; the test fails without one.
func codeOf(t *testing.T, err error) esdb.ErrorCode {
	t.Helper()
	var own *esdb.Error
	if !errors.As(err, &own) {
		t.Fatalf("no *esdb.Error in %v", err)
	}
	return own.Code()
}

func joined(nodes ...*esdb.EndPoint) string {
	var texts []string
	for _, node := range nodes {
		texts = append(texts, node.String())
	}
	return strings.Join(texts, ",")
}

const soon = 10 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	t.Cleanup(cancel)
	return ctx
}
