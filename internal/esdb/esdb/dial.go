package esdb

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// maxMessage is the largest message taken from the server: more than the 16 MiB
// a server stores as one event.
const maxMessage = 17 << 20

// connection is a node that answered, and what it can do.
type connection struct {
	address string
	grpc    *grpc.ClientConn
	streams streams.StreamsClient
	server  features
	// closed is set before the connection is taken away from running calls.
	closed *atomic.Bool
}

func (c *connection) close() {
	c.closed.Store(true)
	_ = c.grpc.Close() // fails only if closed already
}

// usable tells whether the transport is up.
func (c *connection) usable() bool {
	return !c.closed.Load() && c.grpc.GetState() == connectivity.Ready
}

// dial prepares a connection; the first call on it connects.
func (c *Configuration) dial(address string) (*grpc.ClientConn, error) {
	transport, err := c.transportCredentials()
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.ForceCodecV2(codec{})),
		grpc.WithDisableServiceConfig(),
	}
	if c.KeepAliveInterval >= 0 && c.KeepAliveTimeout >= 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:                c.KeepAliveInterval,
			Timeout:             c.KeepAliveTimeout,
			PermitWithoutStream: true,
		}))
	}
	return grpc.NewClient(target(address), options...)
}

// target leaves gRPC targets such as unix:///path alone. Anything else is a
// host and port, resolved whenever it is dialled.
func target(address string) string {
	if strings.Contains(address, "://") || strings.HasPrefix(address, "unix:") {
		return address
	}
	return "passthrough:///" + address
}

func (c *Configuration) transportCredentials() (credentials.TransportCredentials, error) {
	if c.DisableTLS {
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    c.RootCAs,
		//nolint:gosec // only where the configuration asks for it
		InsecureSkipVerify: c.SkipCertificateVerification,
	}
	if c.UserCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(c.UserCertFile, c.UserKeyFile)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return credentials.NewTLS(config), nil
}
