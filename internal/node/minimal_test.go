package node_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// minimal is the least that an append over gRPC can do: decode, write three keys durably, answer. The node is
// measured against it.
type minimal struct {
	streams.UnimplementedStreamsServer

	db   *pebble.DB
	next atomic.Uint64
}

func startMinimal(b *testing.B) string {
	b.Helper()
	db, err := pebble.Open(b.TempDir(), &pebble.Options{MemTableSize: 16 << 20, Logger: silent{}})
	if err != nil {
		b.Fatal(err)
	}
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, &minimal{db: db})
	address := listen(b, server)
	b.Cleanup(func() {
		server.Stop()
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return address
}

func listen(b *testing.B, server *grpc.Server) string {
	b.Helper()
	folder := shortFolder(b)
	lis, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = server.Serve(lis) }()
	return "unix://" + filepath.Join(folder, "s")
}

func (m *minimal) Append(call streams.Streams_AppendServer) error {
	first, err := call.Recv()
	if err != nil {
		return err
	}
	event, err := call.Recv()
	if err != nil {
		return err
	}
	if _, err := call.Recv(); !errors.Is(err, io.EOF) {
		return err
	}
	position := binary.BigEndian.AppendUint64(nil, m.next.Add(1))
	stream := string(first.GetOptions().GetStreamIdentifier().GetStreamName())
	batch := m.db.NewBatch()
	for _, entry := range [][2][]byte{
		{append([]byte("e"), position...), event.GetProposedMessage().GetData()},
		{[]byte("s" + stream + "\x00"), position},
		{[]byte("h" + stream), position},
	} {
		if err := batch.Set(entry[0], entry[1], nil); err != nil {
			return err
		}
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return err
	}
	return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{}}})
}

// BenchmarkBareStream sends messages of 600 bytes over gRPC as fast as it goes.
func BenchmarkBareStream(b *testing.B) {
	message := wrapperspb.Bytes(make([]byte, benchEventBytes))
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, call grpc.ServerStream) error {
		for {
			if err := call.SendMsg(message); err != nil {
				return err
			}
		}
	}))
	conn := dial(b, listen(b, server))
	b.Cleanup(server.Stop)
	call, err := conn.NewStream(b.Context(), &grpc.StreamDesc{ServerStreams: true}, "/bare/Stream")
	if err != nil {
		b.Fatal(err)
	}
	if err := call.CloseSend(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	before := cpuTime(b)
	for range b.N {
		if err := call.RecvMsg(&wrapperspb.BytesValue{}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	reportCPU(b, before)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
