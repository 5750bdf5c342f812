package main_test

import (
	"net"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// deniesAll is a secured store whose rules do not let the account read $all.
type deniesAll struct {
	streams.UnimplementedStreamsServer
}

func (deniesAll) Read(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
	call.SetTrailer(metadata.Pairs("exception", "access-denied"))
	return status.Error(codes.PermissionDenied, "Access Denied")
}

func TestAnAccountThatMayNotReadTheLogStopsTheStart(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, deniesAll{})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	w := newWorld(t)
	if _, err := w.serveOn("esdb://" + listener.Addr().String() + "?tls=false"); err == nil || !strings.Contains(err.Error(), "userctl store secure") {
		t.Errorf("the service says %v", err)
	}
}

func TestAnAccountThatMayDeleteIsWarnedOf(t *testing.T) {
	w := newWorld(t)
	p, err := w.serveOn(w.node("store"))
	if err != nil {
		t.Fatal(err)
	}
	if said := p.errors.String(); !strings.Contains(said, "may_delete=true") {
		t.Errorf("the service says %s", said)
	}
}
