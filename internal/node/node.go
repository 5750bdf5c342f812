// Package node is an event store in one process: a single EventStoreDB-compatible server over an embedded log, for
// development, tests and installations of one machine. It speaks EventStoreDB's gRPC protocol, so the official client
// talks to it and to a cluster alike. It serves Streams, PersistentSubscriptions, ServerFeatures and Gossip. Without Security
// it trusts every caller and uses no TLS: listen on a unix socket or on loopback. With it, it serves TLS only, checks
// passwords and access lists as package access says, and serves Users.
//
// The log itself, with its promises, is package store; this package translates between it and the wire. It may import
// the client module's generated messages, because one program can register them only once.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	wire "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"

	"am-user-management/internal/node/access"
	"am-user-management/internal/node/persistent"
	"am-user-management/internal/node/protos/users"
	"am-user-management/internal/node/store"
)

// ErrLocked reports that another node has the folder open.
var ErrLocked = store.ErrLocked

// Options say where a node keeps its log and how it shows itself. Dir is required.
type Options struct {
	// Dir is the folder of the log. It is created if missing.
	Dir string
	// Logger receives what the operator should know; nil discards it.
	Logger *slog.Logger
	// Clock gives the time at which events are created and against which their age is measured; nil means time.Now.
	Clock func() time.Time
	// FS is the file system that holds Dir; nil means the operating system's.
	FS vfs.FS
	// AdvertiseHost and AdvertisePort are what gossip names as the address to dial; by default 127.0.0.1 and 2113.
	AdvertiseHost string
	AdvertisePort uint32
	// MaxAppendSize limits the bytes of event data in one append; 0 means 1 MiB.
	MaxAppendSize int
	// Security makes the node ask who calls; nil means that everybody may do everything.
	Security *Security
}

const (
	defaultHost = "127.0.0.1"
	defaultPort = 2113

	// stopGrace is how long Close lets running calls end by themselves.
	stopGrace = 2 * time.Second
)

// Node is a running single-node event store.
type Node struct {
	store  *store.Store
	groups *persistent.Subsystem
	users  *access.Users
	guard  *access.Guard
	server *grpc.Server
	logger *slog.Logger
	failed chan error

	// closing is cancelled when open-ended calls have to end.
	closing context.Context
	stop    context.CancelFunc
	watched chan struct{}

	closeOnce sync.Once
	closeErr  error
}

// Open opens the log in the folder and prepares the server; Serve makes it reachable. It returns an error that is
// ErrLocked if another node has the folder open.
func Open(options Options) (*Node, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Clock == nil {
		options.Clock = time.Now //nolint:forbidigo // nobody gave one
	}
	log, err := store.Open(store.Options{
		Dir: options.Dir, FS: options.FS, Logger: options.Logger, Clock: options.Clock,
		MaxAppendSize: options.MaxAppendSize, Watch: access.Watch,
	})
	if err != nil {
		return nil, err
	}
	n := &Node{
		store: log, logger: options.Logger, failed: make(chan error, 1), watched: make(chan struct{}),
	}
	n.closing, n.stop = context.WithCancel(context.Background())
	if err := n.begin(options.Security); err != nil {
		n.stop()
		return nil, errors.Join(err, log.Close())
	}
	n.groups = persistent.Open(persistent.Options{
		Store: log, Compile: compileFilter, Logger: options.Logger, Clock: options.Clock,
	})
	n.server = newServer(options.Security.serverOptions(n.users))
	streams.RegisterStreamsServer(n.server, &streamsService{
		store: log, guard: n.guard, clock: options.Clock, closing: n.closing, batches: semaphore.NewWeighted(batchBytes),
	})
	wire.RegisterPersistentSubscriptionsServer(n.server, &persistentService{
		groups: n.groups, guard: n.guard, closing: n.closing,
	})
	if options.Security != nil {
		users.RegisterUsersServer(n.server, &usersService{guard: n.guard, users: n.users})
	}
	serverfeatures.RegisterServerFeaturesServer(n.server, features{users: options.Security != nil})
	gossip.RegisterGossipServer(n.server, newMember(options, uuid.New()))
	go n.watch()
	return n, nil
}

// begin prepares who may do what, and what tools look for in the log.
func (n *Node) begin(security *Security) error {
	if err := n.secure(security); err != nil {
		return err
	}
	if err := n.writeStartupEvents(n.closing, security); err != nil {
		return fmt.Errorf("write start-up events: %w", err)
	}
	return nil
}

// Serve answers calls that come in through lis until Close, which closes lis. It may be called for several listeners
// at once. After Close it returns nil.
func (n *Node) Serve(lis net.Listener) error {
	err := n.server.Serve(lis)
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

// Append writes to the log without a client, by the rules and with the errors of store.Store.
func (n *Node) Append(ctx context.Context, stream string, expected store.Expected, events []store.Event) (store.Result, error) {
	return n.store.Append(ctx, stream, expected, events)
}

// Failed returns a channel that gets the error with which the disk refused a write. The node has then stopped: it
// accepts no calls any more, and Close remains to be called.
func (n *Node) Failed() <-chan error { return n.failed }

// Close ends all calls (subscriptions with UNAVAILABLE), answers the writes that were accepted and closes the log.
func (n *Node) Close() error {
	n.closeOnce.Do(func() {
		n.endCalls()
		<-n.watched
		n.groups.Close()
		n.closeErr = n.store.Close()
	})
	return n.closeErr
}

// watch stops the server as soon as the log has failed.
func (n *Node) watch() {
	defer close(n.watched)
	select {
	case <-n.store.Failed():
		n.failed <- n.store.Err()
		n.endCalls()
	case <-n.closing.Done():
	}
}

// endCalls stops the server, gently for stopGrace, and returns when no call runs any more.
func (n *Node) endCalls() {
	n.stop()
	hard := time.AfterFunc(stopGrace, n.server.Stop)
	defer hard.Stop()
	n.server.GracefulStop()
}
