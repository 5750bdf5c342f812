package node_test

import (
	"context"
	"encoding/base64"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/protos/users"
)

// secured is a node with TLS, users and access lists, and a connection to it.
type secured struct {
	*nodetest.Node

	t           testing.TB
	certificate string
	conn        *grpc.ClientConn
	streams     streams.StreamsClient
	users       users.UsersClient
}

func startSecured(t testing.TB) *secured {
	t.Helper()
	return startSecuredWith(t, func(*node.Options) {})
}

func startSecuredWith(t testing.TB, change func(options *node.Options)) *secured {
	t.Helper()
	certificate, key := nodetest.Certificate(t)
	options := nodetest.Secured(t, certificate, key)
	change(&options)
	s := &secured{Node: nodetest.StartWith(t, options), t: t, certificate: certificate}
	s.connect()
	return s
}

func (s *secured) connect() {
	s.conn = dialBy(s.t, s.Address, credentials.NewTLS(nodetest.Trusting(s.t, s.certificate)))
	s.streams, s.users = streams.NewStreamsClient(s.conn), users.NewUsersClient(s.conn)
}

// as returns the context of a caller, given as "name:password"; nobody for "".
func (s *secured) as(credentials string) context.Context {
	if credentials == "" {
		return s.t.Context()
	}
	return metadata.AppendToOutgoingContext(s.t.Context(), "authorization",
		"Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
}

const admin = "admin:changeit"

// createUser makes a user whose password is "pass".
func (s *secured) createUser(name string, groups ...string) {
	s.t.Helper()
	_, err := s.users.Create(s.as(admin), &users.CreateReq{Options: &users.CreateReq_Options{
		LoginName: name, Password: "pass", FullName: "User " + name, Groups: groups,
	}})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *secured) disable(name string) {
	s.t.Helper()
	if _, err := s.users.Disable(s.as(admin), &users.DisableReq{Options: &users.DisableReq_Options{LoginName: name}}); err != nil {
		s.t.Fatal(err)
	}
}

// write appends one JSON event.
func (s *secured) write(credentials, stream, eventType, data string) error {
	call, err := s.streams.Append(s.as(credentials))
	if err != nil {
		return err
	}
	for _, message := range []*streams.AppendReq{
		{Content: &streams.AppendReq_Options_{Options: &streams.AppendReq_Options{
			StreamIdentifier:       named(stream),
			ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
		}}},
		{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
			Id: textID(uuid.New()), Metadata: map[string]string{"type": eventType, "content-type": "application/json"}, Data: []byte(data),
		}}},
	} {
		if err := call.Send(message); err != nil {
			break // the reason comes with the answer
		}
	}
	_, err = call.CloseAndRecv()
	return err
}

func (s *secured) mustWrite(credentials, stream, eventType, data string) {
	s.t.Helper()
	if err := s.write(credentials, stream, eventType, data); err != nil {
		s.t.Fatal(err)
	}
}

// read reads the stream to its end.
func (s *secured) read(credentials string, options *streams.ReadReq_Options) error {
	return readOnce(s.as(credentials), s.streams, options)
}

// begin opens a subscription, gets its first answer and cancels it.
func (s *secured) begin(credentials string, options *streams.ReadReq_Options) error {
	ctx, cancel := context.WithCancel(s.as(credentials))
	defer cancel()
	call, err := s.streams.Read(ctx, &streams.ReadReq{Options: subscribed(options)})
	if err == nil {
		_, err = call.Recv()
	}
	return err
}

// wantCode fails unless a call ended so.
func wantCode(t testing.TB, what string, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
