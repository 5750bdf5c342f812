package esdbstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/eventstore/steady"
	"am-user-management/internal/eventstore/storetest"
	"am-user-management/internal/keyring"
	"am-user-management/internal/node/nodetest"
)

func newCodec(tb testing.TB, keys codec.Keys, events []domain.Event) *codec.Codec {
	tb.Helper()
	c, err := codec.New(keys, events)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func connector(tb testing.TB, address string) func() (*esdb.Client, error) {
	tb.Helper()
	connect, err := esdbstore.Connector(address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return connect
}

func openWith(tb testing.TB, connect func() (*esdb.Client, error), keys codec.Keys, events []domain.Event,
	options esdbstore.Options,
) *esdbstore.Store {
	tb.Helper()
	store := esdbstore.New(connect, newCodec(tb, keys, events), options)
	tb.Cleanup(func() {
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	return store
}

func open(tb testing.TB, address string, options esdbstore.Options) *esdbstore.Store {
	tb.Helper()
	return openWith(tb, connector(tb, address), keyring.NewMemory(), storetest.Events, options)
}

func draft(text string) []eventstore.Draft {
	return []eventstore.Draft{{
		ID:    uuid.New(),
		Event: storetest.Noted{Owner: domain.ID{1}, Text: domain.NewPersonal(text), At: time.Unix(1e9, 0).UTC()},
		Meta:  eventstore.Metadata{CommandID: uuid.New(), Actor: eventstore.Actor{ID: "test", Kind: eventstore.Service}},
	}}
}

func mustAppend(tb testing.TB, store *esdbstore.Store, stream string, expected eventstore.Expected) eventstore.Appended {
	tb.Helper()
	appended, _, err := store.Append(tb.Context(), stream, expected, draft("text"))
	if err != nil {
		tb.Fatal(err)
	}
	return appended
}

func mustLoad(tb testing.TB, store *esdbstore.Store, stream string, want int) []eventstore.Envelope {
	tb.Helper()
	envelopes, err := store.Load(tb.Context(), stream, 0)
	if err != nil || len(envelopes) != want {
		tb.Fatalf("loaded %d events, want %d, %v", len(envelopes), want, err)
	}
	return envelopes
}

func TestStore(t *testing.T) {
	node := nodetest.Start(t)
	storetest.Run(t, func(t *testing.T) (storetest.Store, storetest.Store) {
		ring, connect := keyring.NewMemory(), connector(t, node.Address)
		return openWith(t, connect, ring, storetest.Events, esdbstore.Options{}),
			openWith(t, connect, ring, storetest.SomeEvents, esdbstore.Options{})
	})
}

func TestRepeatSurvivesARestart(t *testing.T) {
	node := nodetest.Start(t)
	store := open(t, node.Address, esdbstore.Options{})
	given := draft("text")
	first, _, err := store.Append(t.Context(), "notes-1", eventstore.NoStream, given)
	if err != nil {
		t.Fatal(err)
	}
	node.Restart()
	again, _, err := store.Append(t.Context(), "notes-1", eventstore.NoStream, given)
	if err != nil || again != first {
		t.Fatalf("answered %+v, then %+v, %v", first, again, err)
	}
	mustLoad(t, store, "notes-1", 1)
}

func TestStoreThatIsAwayIsWaitedFor(t *testing.T) {
	node := nodetest.Start(t)
	store := open(t, node.Address, esdbstore.Options{LoadTimeout: time.Minute, AppendTimeout: time.Minute})
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	node.Stop()
	done := make(chan error, 2)
	go func() {
		_, _, err := store.Append(t.Context(), "notes-1", 0, draft("text"))
		done <- err
	}()
	go func() {
		_, err := store.Load(t.Context(), "notes-1", 0)
		done <- err
	}()
	node.Restart()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	mustLoad(t, store, "notes-1", 2)
}

func TestTimeRunsOut(t *testing.T) {
	node := nodetest.Start(t)
	short := esdbstore.Options{
		LoadTimeout: 100 * time.Millisecond, AppendTimeout: 100 * time.Millisecond, TryTimeout: 50 * time.Millisecond,
	}
	reading, store := open(t, node.Address, short), open(t, node.Address, short)
	for _, s := range []*esdbstore.Store{reading, store} { // connected: what they try later reaches for the node
		for _, err := s.Load(t.Context(), "notes-1", 0); err != nil; _, err = s.Load(t.Context(), "notes-1", 0) {
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
		}
	}
	node.Stop()
	if _, err := reading.Load(t.Context(), "notes-1", 0); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Load: %v", err)
	}
	if _, _, err := store.Append(t.Context(), "notes-1", 0, draft("x")); !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("Append: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := store.Append(ended, "notes-1", 0, draft("x"))
	if !errors.Is(err, eventstore.ErrUnavailable) || !errors.Is(err, context.Canceled) || errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("Append after the request ended: %v", err)
	}
}

func TestNoClientMeansNothingHappened(t *testing.T) {
	broken := func() (*esdb.Client, error) { return nil, errors.New("no client") }
	store := openWith(t, broken, keyring.NewMemory(), storetest.Events, esdbstore.Options{AppendTimeout: 50 * time.Millisecond})
	_, _, err := store.Append(t.Context(), "notes-1", eventstore.NoStream, draft("x"))
	if !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("Append: %v", err)
	}
}

// TestClientThatPanicsIsSurvived uses no client at all, which is one way to make it panic.
func TestClientThatPanicsIsSurvived(t *testing.T) {
	none := func() (*esdb.Client, error) { return nil, nil }
	short := esdbstore.Options{AppendTimeout: 50 * time.Millisecond, LoadTimeout: 50 * time.Millisecond}
	store := esdbstore.New(none, newCodec(t, keyring.NewMemory(), storetest.Events), short)
	if _, _, err := store.Append(t.Context(), "notes-1", eventstore.NoStream, draft("x")); !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("Append: %v", err)
	}
	if _, err := store.Load(t.Context(), "notes-1", 0); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("Load: %v", err)
	}
}

func TestClosedClientIsReplaced(t *testing.T) {
	node := nodetest.Start(t)
	connect := connector(t, node.Address)
	var last atomic.Pointer[esdb.Client]
	var made atomic.Int32
	store := openWith(t, func() (*esdb.Client, error) {
		client, err := connect()
		last.Store(client)
		made.Add(1)
		return client, err
	}, keyring.NewMemory(), storetest.Events, esdbstore.Options{})
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	for range 2 {
		if err := last.Load().Close(); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, store, "notes-1", eventstore.Expected(made.Load()-1))
	}
	mustLoad(t, store, "notes-1", 3)
	if made.Load() != 3 {
		t.Errorf("%d clients for 2 closed ones", made.Load())
	}
}

func TestTombstonedStream(t *testing.T) {
	node := nodetest.Start(t)
	store := open(t, node.Address, esdbstore.Options{})
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	client, err := esdbstore.Connect(node.Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.TombstoneStream(t.Context(), "notes-1", esdb.TombstoneStreamOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(t.Context(), "notes-1", 0); !errors.Is(err, eventstore.ErrTombstoned) {
		t.Errorf("Load: %v", err)
	}
	if _, _, err := store.Append(t.Context(), "notes-1", 0, draft("x")); !errors.Is(err, eventstore.ErrTombstoned) {
		t.Errorf("Append: %v", err)
	}
}

func TestDeletedStreamGoesOnWhereItEnded(t *testing.T) {
	node := nodetest.Start(t)
	store := open(t, node.Address, esdbstore.Options{})
	mustAppend(t, store, "notes-1", eventstore.NoStream)
	mustAppend(t, store, "notes-1", 0)
	client, err := esdbstore.Connect(node.Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.DeleteStream(t.Context(), "notes-1", esdb.DeleteStreamOptions{}); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, store, "notes-1", 0)
	appended, envelopes, err := store.Append(t.Context(), "notes-1", eventstore.NoStream, draft("text"))
	if err != nil || appended.Revision != 2 || envelopes[0].Revision != 2 {
		t.Fatalf("appended %+v, %v", appended, err)
	}
	if got := mustLoad(t, store, "notes-1", 1); got[0].Revision != 2 {
		t.Errorf("loaded revision %d", got[0].Revision)
	}
}

func TestTooLargeAppendIsRefusedAtOnce(t *testing.T) {
	store := open(t, nodetest.Start(t).Address, esdbstore.Options{})
	large := draft(strings.Repeat("x", 1<<20))
	if _, _, err := store.Append(t.Context(), "notes-1", eventstore.NoStream, large); !errors.Is(err, eventstore.ErrTooLarge) {
		t.Fatalf("Append: %v", err)
	}
	mustLoad(t, store, "notes-1", 0)
}

func TestForeignEventIsNotSkipped(t *testing.T) {
	node := nodetest.Start(t)
	store := open(t, node.Address, esdbstore.Options{})
	client, err := esdbstore.Connect(node.Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	foreign := esdb.EventData{EventID: uuid.New(), EventType: "storetest.noted.v1", Data: []byte("not JSON")}
	if _, err := client.AppendToStream(t.Context(), "notes-1", esdb.AppendToStreamOptions{}, foreign); err != nil {
		t.Fatal(err)
	}
	var fault *codec.DecodeError
	if _, err := store.Load(t.Context(), "notes-1", 0); !errors.As(err, &fault) || fault.ID != foreign.EventID {
		t.Fatalf("Load: %v", err)
	}
}

func TestWhatErrorsMean(t *testing.T) {
	wrapped := func(code codes.Code, text string) error {
		return fmt.Errorf("could not send: %w", status.Error(code, text))
	}
	for name, c := range map[string]struct {
		err      error
		final    error
		harmless bool
	}{
		"denied":          {err: wrapped(codes.PermissionDenied, ""), final: eventstore.ErrDenied},
		"unauthenticated": {err: wrapped(codes.Unauthenticated, ""), final: eventstore.ErrDenied},
		"message size":    {err: wrapped(codes.ResourceExhausted, "grpc: received message larger than max"), final: eventstore.ErrTooLarge},
		"append size":     {err: wrapped(codes.InvalidArgument, "Maximum Append Size of 1048576 Exceeded."), final: eventstore.ErrTooLarge},
		"unavailable":     {err: wrapped(codes.Unavailable, "")},
		"deadline":        {err: context.DeadlineExceeded},
		"cancelled":       {err: wrapped(codes.Canceled, "")},
		"internal":        {err: wrapped(codes.Internal, "")},
		"unheard of":      {err: errors.New("?")},
		"not tried":       {err: fmt.Errorf("%w: %w", steady.ErrNotTried, context.DeadlineExceeded), harmless: true},
	} {
		harmless, final := esdbstore.Judge(c.err)
		if !errors.Is(final, c.final) || harmless != c.harmless {
			t.Errorf("%s: %v, %t", name, final, harmless)
		}
	}
}

func TestAddressesAreChecked(t *testing.T) {
	for _, address := range []string{"", "http://localhost:2113", "esdb://", "esdb://localhost:port"} {
		if _, err := esdbstore.Connector(address, nil); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
	for _, address := range []string{"esdb://localhost:2113?tls=false", "esdb+discover://a,b:2114?maxDiscoverAttempts=5", "unix:///run/s"} {
		if _, err := esdbstore.Connector(address, nil); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func BenchmarkLoadStreamOfFive(b *testing.B) {
	store := open(b, nodetest.Start(b).Address, esdbstore.Options{})
	for i := range 5 {
		mustAppend(b, store, "notes-1", eventstore.Expected(i-1))
	}
	b.ReportAllocs()
	for b.Loop() {
		mustLoad(b, store, "notes-1", 5)
	}
}

func BenchmarkAppend(b *testing.B) {
	store := open(b, nodetest.Start(b).Address, esdbstore.Options{})
	expected := eventstore.NoStream
	b.ReportAllocs()
	for b.Loop() {
		mustAppend(b, store, "notes-1", expected)
		expected++
	}
}

func BenchmarkAppendParallel(b *testing.B) {
	store := open(b, nodetest.Start(b).Address, esdbstore.Options{})
	b.SetParallelism(128)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mustAppend(b, store, "notes-"+uuid.NewString(), eventstore.NoStream)
		}
	})
}
