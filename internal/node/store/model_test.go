package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"am-user-management/internal/node/store"
	"am-user-management/internal/node/store/reference"
)

// TestStoreBehavesLikeItsModel runs random writes, reads and restarts against a store and against a model that keeps
// everything in slices, and expects the same answers.
func TestStoreBehavesLikeItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &modelled{model: reference.New(0), disk: vfs.NewMem()}
		m.open(t)
		defer func() {
			if err := m.store.Close(); err != nil {
				t.Error(err)
			}
		}()
		t.Repeat(map[string]func(*rapid.T){
			"append":           m.append,
			"append again":     m.append,
			"append once more": m.append,
			"metadata":         m.metadata,
			"delete":           m.delete,
			"tombstone":        m.tombstone,
			"restart":          m.restart,
			"":                 m.compare,
		})
	})
}

// modelled is a store next to its model.
type modelled struct {
	store *store.Store
	disk  vfs.FS
	model *reference.Store
}

func (m *modelled) open(t *rapid.T) {
	var err error
	if m.store, err = store.Open(store.Options{Dir: "log", FS: m.disk}); err != nil {
		t.Fatal(err)
	}
}

var (
	someStream   = rapid.SampledFrom([]string{"a", "a\x00", "b"})
	someExpected = rapid.SampledFrom([]store.Expected{
		store.Any, store.Any, store.NoStream, store.StreamExists, 0, 1, 2, 3, 5,
	})
	// someID comes from few, so that repetitions are frequent.
	someID = rapid.Custom(func(t *rapid.T) store.ID {
		return store.ID(uuid.NewSHA1(uuid.Nil, []byte{rapid.Byte().Draw(t, "id") % 8}))
	})
)

func (m *modelled) append(t *rapid.T) {
	stream, expected := someStream.Draw(t, "stream"), someExpected.Draw(t, "expected")
	ids := rapid.SliceOfN(someID, 0, 4).Draw(t, "ids")
	events := make([]store.Event, len(ids))
	for i, id := range ids {
		events[i] = store.Event{ID: id, Type: "t", Data: []byte("x")}
	}
	got, err := m.store.Append(context.Background(), stream, expected, events)
	want := m.model.Append(stream, expected, ids)
	m.same(t, want, got, err)
}

func (m *modelled) metadata(t *rapid.T) {
	stream := someStream.Draw(t, "stream")
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
	event := store.Event{ID: id, Type: store.MetadataType, JSON: true, Data: data}
	got, err := m.store.Append(context.Background(), "$$"+stream, store.Any, []store.Event{event})
	m.same(t, m.model.SetMetadata(stream, id, fields), got, err)
}

func (m *modelled) delete(t *rapid.T) {
	stream, expected := someStream.Draw(t, "stream"), someExpected.Draw(t, "expected")
	got, err := m.store.Delete(context.Background(), stream, expected)
	m.same(t, m.model.Delete(stream, expected), got, err)
}

func (m *modelled) tombstone(t *rapid.T) {
	if rapid.IntRange(0, 19).Draw(t, "rarely") > 0 {
		t.Skip("a tombstone ends what a stream can show")
	}
	stream, expected := someStream.Draw(t, "stream"), someExpected.Draw(t, "expected")
	got, err := m.store.Tombstone(context.Background(), stream, expected)
	m.same(t, m.model.Tombstone(stream, expected), got, err)
}

func (m *modelled) restart(t *rapid.T) {
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
	m.model.Restart()
}

func (m *modelled) same(t *rapid.T, want reference.Outcome, got store.Result, err error) {
	var wrong *store.WrongRevisionError
	var deleted *store.StreamDeletedError
	switch {
	case errors.As(err, &wrong):
		if want.Kind != reference.WrongRevision || want.Revision != wrong.Current {
			t.Fatalf("answered %v, want %+v", err, want)
		}
	case errors.As(err, &deleted):
		if want.Kind != reference.StreamDeleted {
			t.Fatalf("answered %v, want %+v", err, want)
		}
	case err != nil:
		t.Fatal(err)
	case want.Kind != reference.Accepted || want.Result != got:
		t.Fatalf("answered %+v, want %+v", got, want)
	}
}

// compare reads everything back in both directions.
func (m *modelled) compare(t *rapid.T) {
	var page store.Page
	for _, name := range []string{"a", "a\x00", "b", "$$a"} {
		view, err := m.store.Stream(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		want := m.model.View(name).Visible
		for _, backwards := range []bool{false, true} {
			if err := m.store.ReadStream(&page, view, 0, math.MaxInt64-1, backwards); err != nil {
				t.Fatal(err)
			}
			var got []store.ID
			for _, record := range page.Records {
				got = append(got, record.ID)
			}
			if backwards {
				slices.Reverse(got)
			}
			if !view.Tombstoned && !sameIDs(want, got) {
				t.Fatalf("stream %s (backwards %v) shows %d events, want %d", name, backwards, len(got), len(want))
			}
		}
	}
	log := m.model.Log()
	if m.store.Last() != m.model.Last() {
		t.Fatalf("log ends at %d, want %d", m.store.Last(), m.model.Last())
	}
	next, err := m.store.ReadBackward(&page, math.MaxUint64, 1000)
	if err != nil || next != 0 || len(page.Records) != len(log) {
		t.Fatalf("read backwards: %d records down to %d, want %d (%v)", len(page.Records), next, len(log), err)
	}
	for i, record := range page.Records {
		want := log[len(log)-1-i]
		if string(record.Stream) != want.Stream || int64(record.Revision) != want.Revision {
			t.Fatalf("at position %d: %s@%d, want %+v", record.Position, record.Stream, record.Revision, want)
		}
	}
}

// sameIDs compares ids; the nil one stands for those that the store drew itself.
func sameIDs(want []reference.Entry, got []store.ID) bool {
	return slices.EqualFunc(want, got, func(w reference.Entry, g store.ID) bool { return w.ID == store.ID{} || w.ID == g })
}
