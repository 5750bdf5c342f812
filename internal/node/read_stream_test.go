package node_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/store"
)

// setMetadata replaces the metadata of a stream.
func setMetadata(t testing.TB, n *nodetest.Node, stream, data string) {
	t.Helper()
	event := store.Event{ID: store.ID(uuid.New()), Type: store.MetadataType, JSON: true, Data: []byte(data)}
	if _, err := n.Node().Append(t.Context(), "$$"+stream, store.Any, []store.Event{event}); err != nil {
		t.Fatal(err)
	}
}

// TestReadOfAnAgedStream: however many pages are too old, the reader is told once where the first young event is.
func TestReadOfAnAgedStream(t *testing.T) {
	t.Parallel()
	var now atomic.Pointer[time.Time]
	tell := func(at time.Time) { now.Store(&at) }
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tell(start)
	n := nodetest.StartWith(t, node.Options{Clock: func() time.Time { return *now.Load() }})
	appendEvents(t, n.Node(), "s", 300)
	setMetadata(t, n, "s", `{"$maxAge":10}`)
	tell(start.Add(time.Minute))

	read(t, n, counted(readStream("s"), 2)).hears("first 300", "last 299", "end")
	read(t, n, readStream("s")).hears("first 300", "last 299", "end")
	appendEvents(t, n.Node(), "s", 2)
	read(t, n, counted(readStream("s"), 1)).hears("first 300", "300@s", "last 301", "end")
	setMetadata(t, n, "s", `{"$maxAge":10,"$tb":50}`)
	read(t, n, readStream("s")).hears("first 50", "first 300", "300@s", "301@s", "last 301", "end")
}

func counted(options *streams.ReadReq_Options, count uint64) *streams.ReadReq_Options {
	options.CountOption = &streams.ReadReq_Options_Count{Count: count}
	return options
}

// TestReadOfAStreamThatIsHiddenBeyondItsEnd: a page that ends before what is hidden is answered by where that ends; one that
// reaches beyond is at the end of the stream.
func TestReadOfAStreamThatIsHiddenBeyondItsEnd(t *testing.T) {
	t.Parallel()
	n := nodetest.Start(t)
	appendEvents(t, n.Node(), "s", 10)
	setMetadata(t, n, "s", `{"$tb":20}`)
	read(t, n, readStream("s")).hears("first 10", "last 9", "end")
	read(t, n, counted(readStream("s"), 20)).hears("first 20", "first 10", "last 9", "end")
	read(t, n, counted(readStream("s"), 21)).hears("first 10", "last 9", "end")
	read(t, n, counted(from(readStream("s"), 15), 5)).hears("first 20", "first 10", "last 9", "end")
	read(t, n, counted(from(readStream("s"), 15), 6)).hears("first 10", "last 9", "end")
	read(t, n, from(readStream("s"), 10)).hears("last 9", "end")
	read(t, n, from(readStream("s"), 30)).hears("first 10", "last 9", "end")
}
