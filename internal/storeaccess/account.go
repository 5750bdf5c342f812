package storeaccess

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node/protos/users"
)

// ErrNoUsers: a store without TLS asks nobody who they are.
var ErrNoUsers = errors.New("a store without TLS has no accounts")

const (
	accountTime = 10 * time.Second
	tcpPort     = 2113
)

// SetAccount makes an account of the event store, without any group, or gives one that is there another password. The
// configuration is that of an administrator.
func SetAccount(ctx context.Context, administrator *esdb.Configuration, name, password string) error {
	if administrator.DisableTLS {
		return ErrNoUsers
	}
	var failures []error
	for _, host := range hosts(administrator) {
		err := setAccount(ctx, host, administrator, name, password)
		if status.Code(err) != codes.Unavailable {
			return err
		}
		failures = append(failures, fmt.Errorf("%s: %w", host, err))
	}
	return errors.Join(failures...)
}

// hosts are where the store may be. Which of a cluster's nodes it is does not matter.
func hosts(of *esdb.Configuration) []string {
	if len(of.GossipSeeds) == 0 {
		host := of.Address
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(host, strconv.Itoa(tcpPort))
		}
		return []string{host}
	}
	found := make([]string, len(of.GossipSeeds))
	for i, seed := range of.GossipSeeds {
		found[i] = net.JoinHostPort(seed.Host, strconv.Itoa(int(seed.Port)))
	}
	return found
}

func setAccount(ctx context.Context, host string, administrator *esdb.Configuration, name, password string) error {
	ctx, cancel := context.WithTimeout(ctx, accountTime)
	defer cancel()
	conn, err := grpc.NewClient(host,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			RootCAs: administrator.RootCAs, MinVersion: tls.VersionTLS12,
			InsecureSkipVerify: administrator.SkipCertificateVerification, //nolint:gosec // as the connection string says
		})),
		grpc.WithPerRPCCredentials(basic{administrator.Username, administrator.Password}))
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // every call has ended
	client := users.NewUsersClient(conn)
	_, err = client.Create(ctx, &users.CreateReq{Options: &users.CreateReq_Options{LoginName: name, FullName: name, Password: password}})
	if status.Code(err) != codes.FailedPrecondition { // there is one of that name
		return err
	}
	_, err = client.ResetPassword(ctx, &users.ResetPasswordReq{Options: &users.ResetPasswordReq_Options{LoginName: name, NewPassword: password}})
	return err
}

// basic is a name and a password for every call.
type basic struct{ name, password string }

// GetRequestMetadata is the header that a call carries.
func (b basic) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(b.name+":"+b.password))}, nil
}

// RequireTransportSecurity keeps the password from being sent in the clear.
func (basic) RequireTransportSecurity() bool { return true }
