package batches

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// longDial bounds how long the connection waits before it is tried again. Calls do not wait for it: they fail.
const longDial = time.Second

// dial prepares a connection as the client does for the same settings.
func dial(settings *esdb.Configuration) (*grpc.ClientConn, error) {
	transport, err := transportOf(settings)
	if err != nil {
		return nil, err
	}
	again := backoff.DefaultConfig
	again.BaseDelay, again.MaxDelay = firstRest, longDial
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport), grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: tryTime}),
	}
	if settings.KeepAliveInterval >= 0 && settings.KeepAliveTimeout >= 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: settings.KeepAliveInterval, Timeout: settings.KeepAliveTimeout, PermitWithoutStream: true,
		}))
	}
	target := settings.Address
	if !strings.HasPrefix(target, "unix:") && !strings.Contains(target, "://") {
		target = "passthrough:///" + target // a host and port, looked up whenever it is dialled
	}
	return grpc.NewClient(target, options...)
}

func transportOf(settings *esdb.Configuration) (credentials.TransportCredentials, error) {
	if settings.DisableTLS {
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: settings.RootCAs,
		InsecureSkipVerify: settings.SkipCertificateVerification, //nolint:gosec // only where the settings ask for it
	}
	if settings.UserCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(settings.UserCertFile, settings.UserKeyFile)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return credentials.NewTLS(config), nil
}

// addressed adds the headers of the call: that only the leader may answer it, and whose it is, over TLS only.
func addressed(ctx context.Context, settings *esdb.Configuration) context.Context {
	ctx = metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
	if settings.DisableTLS || settings.Username == "" {
		return ctx
	}
	secret := base64.StdEncoding.EncodeToString([]byte(settings.Username + ":" + settings.Password))
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Basic "+secret)
}
