package node

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

const (
	// maxRequestBytes and maxResponseBytes are EventStoreDB's limits.
	maxRequestBytes  = 16<<20 - 10_000
	maxResponseBytes = 17 << 20

	pingInterval = 10 * time.Second
	// minPingInterval must lie below the clients' interval of 10 s, or they are thrown out.
	minPingInterval = 5 * time.Second

	writeBufferBytes = 64 << 10
	readBufferBytes  = 64 << 10

	// streamWorkers is how many goroutines wait for calls, so that not every call has to grow a stack of its own. A
	// subscription keeps one busy as long as it lasts; when all are busy, a call gets a goroutine of its own.
	streamWorkers = 128
)

func newServer(more []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(more,
		grpc.ForceServerCodecV2(newCodec()),
		grpc.MaxRecvMsgSize(maxRequestBytes),
		grpc.MaxSendMsgSize(maxResponseBytes),
		grpc.WriteBufferSize(writeBufferBytes),
		grpc.ReadBufferSize(readBufferBytes),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingInterval, Timeout: pingInterval}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: minPingInterval, PermitWithoutStream: true,
		}),
		grpc.WaitForHandlers(true),
		grpc.NumStreamWorkers(streamWorkers),
	)...)
}
