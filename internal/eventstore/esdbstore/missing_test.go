package esdbstore_test

import (
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/eventstore/storetest"
	"am-user-management/internal/keyring"
)

// TestAnAnswerThatSomethingIsNotFoundIsNoEmptyStream: it is said by a message that there is no such stream. A status
// may come from a node without a leader, or from what stands before it; whoever took it for an empty stream would sign
// somebody up twice.
func TestAnAnswerThatSomethingIsNotFoundIsNoEmptyStream(t *testing.T) {
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
		return status.Error(codes.NotFound, "nothing here")
	}))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	store := openWith(t, connector(t, "unix://"+listener.Addr().String()), keyring.NewMemory(), storetest.Events,
		esdbstore.Options{LoadTimeout: 500 * time.Millisecond})
	if events, err := store.Load(t.Context(), "notes-1", 0); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("loaded %d events, %v", len(events), err)
	}
}
