package node_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"pgregory.net/rapid"

	"am-user-management/internal/node"
	"am-user-management/internal/node/nodetest"
	"am-user-management/internal/node/store"
	"am-user-management/internal/node/store/reference"
)

// TestNodeBehavesLikeItsModel runs random calls and restarts against a node and against the store's reference, and
// expects the same answers on the wire.
func TestNodeBehavesLikeItsModel(t *testing.T) {
	t.Parallel()
	n := nodetest.StartWith(t, node.Options{Dir: "log", FS: vfs.NewMem()})
	client := streams.NewStreamsClient(dial(t, n.Address))
	rapid.Check(t, func(rt *rapid.T) {
		// The log goes on from one run to the next, so each has names and ids of its own.
		empty, err := n.Node().Append(t.Context(), "base", store.Any, nil)
		if err != nil {
			rt.Fatal(err)
		}
		m := &modelledNode{
			ctx: t.Context(), node: n, client: client, model: reference.New(empty.Position),
			base: empty.Position, namespace: uuid.New(),
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append":           m.append,
			"append again":     m.append,
			"append once more": m.append,
			"metadata":         m.metadata,
			"delete":           m.delete,
			"tombstone":        m.tombstone,
			"restart":          m.restart,
			"read":             m.read,
			"read again":       m.read,
			"read all":         m.readAll,
		})
	})
}

// modelledNode is a node next to its model.
type modelledNode struct {
	ctx       context.Context
	node      *nodetest.Node
	client    streams.StreamsClient
	model     *reference.Store
	base      uint64
	namespace uuid.UUID
}

func (m *modelledNode) stream(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "a\x00", "b"}).Draw(t, "stream") + m.namespace.String()
}

// ids come from few, so that repetitions are frequent.
func (m *modelledNode) ids(t *rapid.T) []store.ID {
	numbers := rapid.SliceOfN(rapid.ByteRange(0, 7), 0, 4).Draw(t, "ids")
	ids := make([]store.ID, len(numbers))
	for i, n := range numbers {
		ids[i] = store.ID(uuid.NewSHA1(m.namespace, []byte{n}))
	}
	return ids
}

var someExpected = rapid.SampledFrom([]store.Expected{
	store.Any, store.Any, store.NoStream, store.StreamExists, 0, 1, 2, 3, 5,
})

func (m *modelledNode) append(t *rapid.T) {
	stream, expected, ids := m.stream(t), someExpected.Draw(t, "expected"), m.ids(t)
	got := m.sendAppend(t, stream, expected, "t", []byte("x"), ids...)
	m.same(t, m.model.Append(stream, expected, ids), got)
}

func (m *modelledNode) metadata(t *rapid.T) {
	stream := m.stream(t)
	fields := map[string]int64{}
	if n := rapid.Int64Range(0, 6).Draw(t, "truncate before"); n > 0 {
		fields["$tb"] = n
	}
	if n := rapid.Int64Range(0, 4).Draw(t, "max count"); n > 0 {
		fields["$maxCount"] = n
	}
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	id := store.ID(uuid.New())
	got := m.sendAppend(t, "$$"+stream, store.Any, store.MetadataType, data, id)
	m.same(t, m.model.SetMetadata(stream, id, fields), got)
}

func (m *modelledNode) delete(t *rapid.T) {
	stream, expected := m.stream(t), someExpected.Draw(t, "expected")
	options := &streams.DeleteReq_Options{StreamIdentifier: named(stream)}
	switch expected {
	case store.Any:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_Any{Any: &shared.Empty{}}
	case store.NoStream:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_NoStream{NoStream: &shared.Empty{}}
	case store.StreamExists:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_StreamExists{StreamExists: &shared.Empty{}}
	default:
		options.ExpectedStreamRevision = &streams.DeleteReq_Options_Revision{Revision: uint64(expected)}
	}
	var trailer metadata.MD
	answer, err := m.client.Delete(m.ctx, &streams.DeleteReq{Options: options}, grpc.Trailer(&trailer))
	want := m.model.Delete(stream, expected)
	want.Revision = noRevision(want)
	m.same(t, want, m.ended(t, answer.GetPosition().GetCommitPosition(), err, trailer))
}

func (m *modelledNode) tombstone(t *rapid.T) {
	if rapid.IntRange(0, 19).Draw(t, "rarely") > 0 {
		t.Skip("a tombstone ends what a stream can show")
	}
	stream, expected := m.stream(t), someExpected.Draw(t, "expected")
	options := &streams.TombstoneReq_Options{StreamIdentifier: named(stream)}
	switch expected {
	case store.Any:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}}
	case store.NoStream:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_NoStream{NoStream: &shared.Empty{}}
	case store.StreamExists:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_StreamExists{StreamExists: &shared.Empty{}}
	default:
		options.ExpectedStreamRevision = &streams.TombstoneReq_Options_Revision{Revision: uint64(expected)}
	}
	var trailer metadata.MD
	answer, err := m.client.Tombstone(m.ctx, &streams.TombstoneReq{Options: options}, grpc.Trailer(&trailer))
	want := m.model.Tombstone(stream, expected)
	want.Revision = noRevision(want)
	m.same(t, want, m.ended(t, answer.GetPosition().GetCommitPosition(), err, trailer))
}

// noRevision is what the answer to a delete tells of the revision: nothing, unless it is wrong.
func noRevision(want reference.Outcome) int64 {
	if want.Kind == reference.WrongRevision {
		return want.Revision
	}
	return 0
}

func (m *modelledNode) restart(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
		t.Skip("restarts cost time")
	}
	m.node.Restart()
	m.model.Restart()
	m.model.Skip() // the epoch
}

// read reads some of a stream, or of its metastream, in any direction from anywhere.
func (m *modelledNode) read(t *rapid.T) {
	name := rapid.SampledFrom([]string{"", "", "$$"}).Draw(t, "prefix") + m.stream(t)
	from := rapid.Uint64Range(0, 12).Draw(t, "from")
	backwards, bounds := rapid.Bool().Draw(t, "backwards"), rapid.Bool().Draw(t, "bounds")
	count := rapid.IntRange(1, 12).Draw(t, "count")
	options := readStream(name)
	options.CountOption = &streams.ReadReq_Options_Count{Count: uint64(count)}
	options.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
		StreamIdentifier: named(name),
		RevisionOption:   &streams.ReadReq_Options_StreamOptions_Revision{Revision: from},
	}}
	if bounds {
		options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
	}
	got := m.sendRead(t, options, backwards)

	view := m.model.View(name)
	switch {
	case view.Tombstoned:
		if got.end != codes.FailedPrecondition || got.exception != "stream-deleted" {
			t.Fatalf("a closed stream answered %+v", got)
		}
		return
	case got.end != codes.OK || got.notFound == view.Found:
		t.Fatalf("answered %+v, want %+v", got, view)
	case view.Found && bounds != (got.last != nil) || bounds && view.Found && *got.last != uint64(view.Last):
		t.Fatalf("told the last revision %v, want %d (%v)", got.last, view.Last, bounds)
	}
	var want []event
	for i, entry := range view.Visible {
		if !backwards && uint64(entry.Revision) >= from || backwards && uint64(entry.Revision) <= from {
			want = append(want, event{Entry: entry, position: view.Positions[i]})
		}
	}
	sameEvents(t, want, got.events, backwards, count)
}

// readAll reads some of the log in any direction from anywhere since this run began.
func (m *modelledNode) readAll(t *rapid.T) {
	from := rapid.Uint64Range(m.base+1, m.model.Last()+1).Draw(t, "from")
	backwards := rapid.Bool().Draw(t, "backwards")
	count := rapid.IntRange(1, 12).Draw(t, "count")
	options := readAll(uint64(count))
	options.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
		AllOption: &streams.ReadReq_Options_AllOptions_Position{
			Position: &streams.ReadReq_Options_Position{CommitPosition: from, PreparePosition: from},
		},
	}}
	got := m.sendRead(t, options, backwards)
	if got.end != codes.OK {
		t.Fatalf("answered %+v", got)
	}
	got.events = slices.DeleteFunc(got.events, func(e event) bool { return e.position <= m.base })
	var want []event
	for i, entry := range m.model.Log() {
		position := m.base + uint64(i) + 1
		if entry.Stream != "" && (!backwards && position >= from || backwards && position < from) {
			want = append(want, event{Entry: entry, position: position})
		}
	}
	sameEvents(t, want, got.events, backwards, count)
}

// event is an event as read.
type event struct {
	reference.Entry
	position uint64
}

func sameEvents(t *rapid.T, want, got []event, backwards bool, count int) {
	if backwards {
		slices.Reverse(want)
	}
	want = want[:min(count, len(want))]
	if !slices.EqualFunc(want, got, func(w, g event) bool {
		if w.ID == (store.ID{}) { // the node drew it
			w.ID = g.ID
		}
		return w == g
	}) {
		t.Fatalf("read %+v, want %+v", got, want)
	}
}

func (m *modelledNode) same(t *rapid.T, want, got reference.Outcome) {
	if want.Kind == reference.StreamDeleted {
		want.Result = store.Result{}
	}
	if want != got {
		t.Fatalf("answered %+v, want %+v", got, want)
	}
}
