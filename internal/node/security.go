package node

import (
	"context"
	"crypto/tls"
	"errors"
	"runtime"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/access"
	"am-user-management/internal/password"
)

// Security makes a node ask who calls, and follow the access lists in the log. TLS is required: it carries passwords.
type Security struct {
	// TLS has the node's certificate; versions below 1.2 are refused whatever it says.
	TLS *tls.Config
	// Passwords are what the users admin and ops begin with. admin must have one, from here or from earlier.
	Passwords access.Passwords
	// HashCost is what checking a password costs; zero means what is usual.
	HashCost password.Params
}

// ErrNoTLS reports that passwords would travel in clear text.
var ErrNoTLS = errors.New("a node with users needs TLS")

// hashWait is how long a caller waits for its password to be checked while others are.
const hashWait = 2 * time.Second

// newHasher returns nil for a node that checks no passwords.
func (s *Security) newHasher() (*password.Hasher, error) {
	if s == nil {
		return nil, nil
	}
	if s.TLS == nil {
		return nil, ErrNoTLS
	}
	cost := s.HashCost
	if cost == (password.Params{}) {
		cost = password.Params{MemoryKiB: 19456, Time: 2, Parallelism: 1}
	}
	return password.New(password.Options{
		Params: cost, MinLength: 1, Slots: max(1, runtime.GOMAXPROCS(0)-1), MaxWait: hashWait,
	})
}

// secure prepares who may do what. Without security everybody may do everything.
func (n *Node) secure(security *Security) error {
	hasher, err := security.newHasher()
	if err != nil {
		return err
	}
	if n.users, err = access.NewUsers(n.store, hasher, n.logger); err != nil {
		return err
	}
	n.guard = access.NewOpenGuard()
	if security != nil {
		n.guard, err = access.NewGuard(n.users)
	}
	return err
}

// serverOptions are those of a server that asks who calls; none without security.
func (s *Security) serverOptions(users *access.Users) []grpc.ServerOption {
	if s == nil {
		return nil
	}
	config := s.TLS.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	asking := &authentication{users: users}
	return []grpc.ServerOption{
		grpc.Creds(credentials.NewTLS(config)),
		grpc.UnaryInterceptor(asking.unary), grpc.StreamInterceptor(asking.stream),
	}
}

// authentication finds out who calls before a call begins.
type authentication struct {
	users *access.Users
}

// openToAnybody tells which calls need no user. Every other one is refused to who does not say who it is, also where a
// service forgets to ask the guard. A batch is answered call by call, so it has to begin.
func openToAnybody(method string) bool {
	switch method {
	case "/event_store.client.gossip.Gossip/Read",
		"/event_store.client.server_features.ServerFeatures/GetSupportedMethods",
		"/event_store.client.streams.Streams/BatchAppend":
		return true
	}
	return false
}

func (a *authentication) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := a.identify(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (a *authentication) stream(server any, call grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, err := a.identify(call.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return handler(server, &identifiedCall{ServerStream: call, ctx: ctx})
}

// identifiedCall is a call whose caller is known.
type identifiedCall struct {
	grpc.ServerStream

	ctx context.Context
}

// Context names the caller.
func (c *identifiedCall) Context() context.Context { return c.ctx }

// identify returns the context with its caller, or how the call ends.
func (a *authentication) identify(ctx context.Context, method string) (context.Context, error) {
	var header string
	switch sent := metadata.ValueFromIncomingContext(ctx, "authorization"); len(sent) {
	case 0:
	case 1:
		header = sent[0]
	default: // nobody is two
		return nil, unauthenticated()
	}
	caller, err := a.users.Authenticate(ctx, header)
	switch {
	case errors.Is(err, access.ErrBadCredentials):
		return nil, unauthenticated()
	case err != nil:
		return nil, asStatus(ctx, err)
	case caller.Anonymous() && !openToAnybody(method):
		return nil, asStatus(ctx, access.ErrDenied)
	}
	return access.WithCaller(ctx, caller), nil
}

func unauthenticated() error { return status.Error(codes.Unauthenticated, "Unauthenticated") }
