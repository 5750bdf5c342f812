package batches_test

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/batches"
)

// server offers nothing but BatchAppend, and does there what the test wants.
type server struct {
	streams.UnimplementedStreamsServer

	serve func(streams.Streams_BatchAppendServer) error
}

func (s server) BatchAppend(call streams.Streams_BatchAppendServer) error { return s.serve(call) }

// start runs a server until the test ends, and returns the settings for it.
func start(t *testing.T, serve func(streams.Streams_BatchAppendServer) error) *esdb.Configuration {
	t.Helper()
	folder, err := os.MkdirTemp("", "b") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		t.Fatal(err)
	}
	running := grpc.NewServer()
	streams.RegisterStreamsServer(running, server{serve: serve})
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := running.Serve(listener); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		running.Stop()
		serving.Wait()
		os.RemoveAll(folder)
	})
	return &esdb.Configuration{Address: "unix://" + listener.Addr().String(), DisableTLS: true}
}

// answering serves by an answer to each request.
func answering(answer func(*streams.BatchAppendReq) *streams.BatchAppendResp) func(streams.Streams_BatchAppendServer) error {
	return func(call streams.Streams_BatchAppendServer) error {
		for {
			request, err := call.Recv()
			if err != nil {
				return err
			}
			response := answer(request)
			if response == nil {
				continue
			}
			response.CorrelationId = request.GetCorrelationId()
			if err := call.Send(response); err != nil {
				return err
			}
		}
	}
}

func open(t *testing.T, settings *esdb.Configuration) *batches.Client {
	t.Helper()
	client, err := batches.New(settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func record(size int) []eventstore.Recorded {
	return []eventstore.Recorded{{ID: uuid.New(), Type: "noted", Data: make([]byte, size), Metadata: []byte("{}")}}
}

// until repeats an append to new streams until it has that outcome: a client rests for a moment after a failure.
func until(t *testing.T, client *batches.Client, want batches.Outcome) {
	t.Helper()
	for {
		_, got := client.Append(t.Context(), "notes-"+uuid.NewString(), eventstore.NoStream, record(10))
		if got == want {
			return
		}
		if t.Context().Err() != nil {
			t.Fatalf("the last outcome is %d", got)
		}
	}
}
