package esdb_test

import (
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// benchClient is connected to node, whose cost is gRPC's alone.
func benchClient(b *testing.B, node *server) *esdb.Client {
	b.Helper()
	path := filepath.Join(b.TempDir(), "s")
	node.startUnix(b, path)
	client := connectUnix(b, path)
	if _, err := client.GetServerVersion(); err != nil {
		b.Fatal(err)
	}
	return client
}

func BenchmarkAppend(b *testing.B) {
	client := benchClient(b, &server{onAppend: func([]*streams.AppendReq) (*streams.AppendResp, error) { return appended(0), nil }})
	event := esdb.EventData{EventID: uuid.New(), EventType: "happened", ContentType: esdb.ContentTypeJson, Data: make([]byte, 256), Metadata: make([]byte, 128)}
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			if _, err := client.AppendToStream(b.Context(), "account-1", esdb.AppendToStreamOptions{}, event); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkReadEvents(b *testing.B) {
	message := eventMessage(wireEvent(1), nil)
	message.GetEvent().Event.Data = make([]byte, 256)
	client := benchClient(b, &server{onRead: func(request *streams.ReadReq, call streams.Streams_ReadServer) error {
		for range request.GetOptions().GetCount() {
			if err := call.Send(message); err != nil {
				return err
			}
		}
		return nil
	}})
	b.ReportAllocs()
	b.ResetTimer()
	read, err := client.ReadStream(b.Context(), "s", esdb.ReadStreamOptions{}, uint64(b.N))
	if err != nil {
		b.Fatal(err)
	}
	defer read.Close()
	for {
		if _, err := read.Recv(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
