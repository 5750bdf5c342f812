package esdbstore_test

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/batches"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/eventstore/storetest"
	"am-user-management/internal/keyring"
	"am-user-management/internal/node/nodetest"
)

func inBatches(tb testing.TB, address string) *batches.Client {
	tb.Helper()
	short, err := esdbstore.Batches(address, nil)
	if err != nil || short == nil {
		tb.Fatal(short, err)
	}
	return short
}

// warm waits until appends go by the short cut.
func warm(t *testing.T, short *batches.Client) {
	t.Helper()
	record := eventstore.Recorded{ID: uuid.New(), Type: "warm", Data: []byte("{}")}
	for outcome := batches.NotStored; outcome != batches.Stored; {
		_, outcome = short.Append(t.Context(), "warm-"+t.Name(), eventstore.NoStream, []eventstore.Recorded{record})
		if t.Context().Err() != nil {
			t.Fatal("no batch is taken")
		}
	}
}

func TestStoreWithBatches(t *testing.T) {
	node := nodetest.Start(t)
	storetest.Run(t, func(t *testing.T) (storetest.Store, storetest.Store) {
		ring, connect := keyring.NewMemory(), connector(t, node.Address)
		return openWith(t, connect, ring, storetest.Events, esdbstore.Options{Batches: inBatches(t, node.Address)}),
			openWith(t, connect, ring, storetest.SomeEvents, esdbstore.Options{Batches: inBatches(t, node.Address)})
	})
}

// TestLostReplyToABatchIsAskedForAgain: the batch is stored, and its answer is lost with the line. The ordinary append
// that follows must be the same one, and find it stored.
func TestLostReplyToABatchIsAskedForAgain(t *testing.T) {
	node := nodetest.Start(t)
	ring := keyring.NewMemory()
	direct := openWith(t, connector(t, node.Address), ring, storetest.Events, esdbstore.Options{})
	line := lay(t, strings.TrimPrefix(node.Address, "unix://"))
	short := inBatches(t, line.address)
	store := openWith(t, connector(t, node.Address), ring, storetest.Events,
		esdbstore.Options{AppendTimeout: time.Minute, Batches: short})
	warm(t, short)
	line.mute.Store(true)
	broken := make(chan struct{})
	go func() {
		defer close(broken)
		for {
			if events, err := direct.Load(t.Context(), "notes-1", 0); err != nil || len(events) > 0 {
				line.breakOff()
				return
			}
		}
	}()
	appended := mustAppend(t, store, "notes-1", eventstore.NoStream)
	<-broken
	if appended.Revision != 0 || appended.Position.IsZero() {
		t.Fatalf("appended %+v", appended)
	}
	mustLoad(t, direct, "notes-1", 1)
}

// TestBatchesThatBreakAreStoredOnce breaks the line in the middle of many appends, again and again.
func TestBatchesThatBreakAreStoredOnce(t *testing.T) {
	node := nodetest.Start(t)
	line := lay(t, strings.TrimPrefix(node.Address, "unix://"))
	short := inBatches(t, line.address)
	store := openWith(t, connector(t, node.Address), keyring.NewMemory(), storetest.Events,
		esdbstore.Options{AppendTimeout: time.Minute, Batches: short})
	const writers, length = 64, 40
	var done atomic.Int32
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			stream := fmt.Sprint("notes-", i)
			for expected := eventstore.NoStream; expected < length-1; expected++ {
				appended, _, err := store.Append(t.Context(), stream, expected, draft("text"))
				if err != nil || appended.Revision != uint64(expected+1) {
					t.Errorf("appended %+v at %d, %v", appended, expected, err)
					return
				}
				if done.Add(1)%200 == 0 {
					line.breakOff()
				}
			}
		})
	}
	writing.Wait()
	for i := range writers {
		mustLoad(t, store, fmt.Sprint("notes-", i), length)
	}
}

func TestNodeWithoutBatchesWorksTheOrdinaryWay(t *testing.T) {
	node := nodetest.Start(t)
	without := strangeServer(t, status.Error(codes.Unimplemented, "unheard of"))
	store := openWith(t, connector(t, node.Address), keyring.NewMemory(), storetest.Events,
		esdbstore.Options{Batches: inBatches(t, without)})
	for expected := eventstore.NoStream; expected < 5; expected++ {
		mustAppend(t, store, "notes-1", expected)
	}
	mustLoad(t, store, "notes-1", 6)
}

// TestABatchThatMayBeStoredIsNotDenied: the batch has no answer, and nothing else can be asked.
func TestABatchThatMayBeStoredIsNotDenied(t *testing.T) {
	node := nodetest.Start(t)
	line := lay(t, strings.TrimPrefix(node.Address, "unix://"))
	nobody := func() (*esdb.Client, error) { return nil, errors.New("no client") }
	short := inBatches(t, line.address)
	store := openWith(t, nobody, keyring.NewMemory(), storetest.Events,
		esdbstore.Options{AppendTimeout: 100 * time.Millisecond, Batches: short})
	warm(t, short)
	line.mute.Store(true)
	if _, _, err := store.Append(t.Context(), "notes-1", eventstore.NoStream, draft("x")); !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("Append: %v", err)
	}
}

// strangeServer is the address of a server that answers every call with an error.
func strangeServer(t *testing.T, answer error) string {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return answer }))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "unix://" + listener.Addr().String()
}

func BenchmarkAppendParallelInBatches(b *testing.B) {
	node := nodetest.Start(b)
	store := openWith(b, connector(b, node.Address), keyring.NewMemory(), storetest.Events,
		esdbstore.Options{Batches: inBatches(b, node.Address)})
	b.SetParallelism(128)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mustAppend(b, store, "notes-"+uuid.NewString(), eventstore.NoStream)
		}
	})
}
