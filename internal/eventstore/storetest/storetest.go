// Package storetest is the suite that every store passes: the one in memory, and the one on EventStoreDB. Its rules
// are the answers of a real EventStoreDB server to appends with an exact expected revision.
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
)

// Store is what a store does.
type Store interface {
	Load(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error)
	Append(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft,
	) (eventstore.Appended, []eventstore.Envelope, error)
}

// Noted is an event for the suite.
type Noted struct {
	Owner domain.ID       `json:"owner"`
	Text  domain.Personal `json:"text"`
	At    time.Time       `json:"at"`
}

// EventType is the name on the wire.
func (Noted) EventType() string { return "storetest.noted.v1" }

// Subject is the owner.
func (e Noted) Subject() domain.ID { return e.Owner }

// Forgotten is an event of a type that the suite's second codec does not know.
type Forgotten struct{}

// EventType is the name on the wire.
func (Forgotten) EventType() string { return "storetest.forgotten.v1" }

// Events are the events that Run's store must know; SomeEvents those that its other store must know.
var (
	Events     = []domain.Event{Noted{}, Forgotten{}}
	SomeEvents = []domain.Event{Noted{}}
)

// Run holds a store to its promises. open returns two stores over the same streams: one whose codec knows Events,
// and one that knows SomeEvents. The suite uses streams of its own, so the store need not be empty.
func Run(t *testing.T, open func(t *testing.T) (store, older Store)) {
	rules := map[string]func(t *testing.T, store, older Store){
		"a missing stream is empty":                            missingIsEmpty,
		"what is appended is loaded":                           loadsWhatWasAppended,
		"load starts where it is told":                         loadsFrom,
		"a long stream is loaded whole":                        loadsLong,
		"append answers with what was stored":                  answersWithStored,
		"positions grow":                                       positionsGrow,
		"the wrong expected revision is a conflict":            conflicts,
		"a conflict writes nothing":                            conflictWritesNothing,
		"a repeated append answers as before":                  repeats,
		"a repeated append answers as before when others came": repeatsLater,
		"half a repeated append is a conflict":                 halfRepeats,
		"a known id at the current revision is appended again": duplicates,
		"an append of nothing is an error":                     nothing,
		"an unknown type is an error, not a gap":               unknownType,
		"an ended request reads nothing":                       endedRequest,
		"racing appends are linearizable":                      linearizable,
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			store, older := open(t)
			rule(t, store, older)
		})
	}
}

func newStream() string { return "storetest-" + uuid.NewString() }

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func drafts(n int) []eventstore.Draft {
	out := make([]eventstore.Draft, n)
	for i := range out {
		out[i] = eventstore.Draft{
			ID:    uuid.New(),
			Event: Noted{Owner: domain.ID{1}, Text: domain.NewPersonal(uuid.NewString()), At: noon},
			Meta: eventstore.Metadata{
				CommandID: uuid.New(), Actor: eventstore.Actor{ID: "storetest", Kind: eventstore.Service},
			},
		}
	}
	return out
}

func add(t *testing.T, s Store, stream string, expected eventstore.Expected, d []eventstore.Draft) eventstore.Appended {
	t.Helper()
	appended, _, err := s.Append(t.Context(), stream, expected, d)
	if err != nil {
		t.Fatalf("append of %d at %d: %v", len(d), expected, err)
	}
	return appended
}

func load(t *testing.T, s Store, stream string, from uint64) []eventstore.Envelope {
	t.Helper()
	envelopes, err := s.Load(t.Context(), stream, from)
	if err != nil {
		t.Fatal(err)
	}
	return envelopes
}

func wantIDs(t *testing.T, got []eventstore.Envelope, want []eventstore.Draft) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].ID != want[i].ID {
			t.Fatalf("event %d is %s, want %s", i, got[i].ID, want[i].ID)
		}
	}
}

func wantConflict(t *testing.T, s Store, stream string, expected eventstore.Expected, d []eventstore.Draft) {
	t.Helper()
	appended, envelopes, err := s.Append(t.Context(), stream, expected, d)
	if !errors.Is(err, eventstore.ErrConflict) {
		t.Fatalf("append at %d: %+v, %v; want a conflict", expected, appended, err)
	}
	if appended != (eventstore.Appended{}) || envelopes != nil {
		t.Fatalf("a conflict that answers %+v and %d events", appended, len(envelopes))
	}
}

func missingIsEmpty(t *testing.T, store, _ Store) {
	for _, from := range []uint64{0, 7} {
		if got := load(t, store, newStream(), from); len(got) != 0 {
			t.Fatalf("%d events in a stream that is not there", len(got))
		}
	}
}

func loadsWhatWasAppended(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(3)
	appended := add(t, store, stream, eventstore.NoStream, given)
	got := load(t, store, stream, 0)
	wantIDs(t, got, given)
	for i, envelope := range got {
		if envelope.Event != given[i].Event || envelope.Meta.CommandID != given[i].Meta.CommandID ||
			envelope.Stream != stream || envelope.Revision != uint64(i) || envelope.Created.IsZero() {
			t.Fatalf("event %d: %+v", i, envelope)
		}
	}
	if last := got[2]; appended != (eventstore.Appended{Revision: last.Revision, Position: last.Position}) {
		t.Fatalf("appended %+v, the last event is at %d, %+v", appended, last.Revision, last.Position)
	}
}

func loadsFrom(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(5)
	add(t, store, stream, eventstore.NoStream, given)
	for from := range given {
		wantIDs(t, load(t, store, stream, uint64(from)), given[from:])
	}
	for _, past := range []uint64{5, 6, 1000} {
		wantIDs(t, load(t, store, stream, past), nil)
	}
}

func loadsLong(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(2500)
	for at := 0; at < len(given); at += 500 {
		add(t, store, stream, eventstore.Expected(at-1), given[at:at+500])
	}
	wantIDs(t, load(t, store, stream, 0), given)
	wantIDs(t, load(t, store, stream, 3), given[3:])
}

func answersWithStored(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(4)
	add(t, store, stream, eventstore.NoStream, given[:1])
	appended, answered, err := store.Append(t.Context(), stream, 0, given[1:])
	if err != nil {
		t.Fatal(err)
	}
	loaded := load(t, store, stream, 1)
	for i := range loaded {
		loaded[i].Created, loaded[i].Position = time.Time{}, appended.Position
	}
	if diff := cmp.Diff(loaded, answered, cmp.Comparer(func(a, b domain.Personal) bool { return a == b })); diff != "" {
		t.Fatalf("loaded and answered differ: %s", diff)
	}
}

func positionsGrow(t *testing.T, store, _ Store) {
	var last eventstore.Position
	for _, stream := range []string{newStream(), newStream(), newStream()} {
		add(t, store, stream, eventstore.NoStream, drafts(2))
		for _, envelope := range load(t, store, stream, 0) {
			if !last.Less(envelope.Position) {
				t.Fatalf("%+v is not after %+v", envelope.Position, last)
			}
			last = envelope.Position
		}
	}
}

func conflicts(t *testing.T, store, _ Store) {
	stream := newStream()
	for _, expected := range []eventstore.Expected{0, 1, 99} {
		wantConflict(t, store, stream, expected, drafts(1))
	}
	add(t, store, stream, eventstore.NoStream, drafts(3))
	for _, expected := range []eventstore.Expected{eventstore.NoStream, 0, 1, 3, 99} {
		wantConflict(t, store, stream, expected, drafts(1))
	}
	if appended := add(t, store, stream, 2, drafts(1)); appended.Revision != 3 {
		t.Fatalf("appended at %d, want 3", appended.Revision)
	}
}

func conflictWritesNothing(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(2)
	add(t, store, stream, eventstore.NoStream, given)
	wantConflict(t, store, stream, 0, drafts(3))
	wantIDs(t, load(t, store, stream, 0), given)
}

func repeats(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(3)
	for _, part := range []struct {
		expected eventstore.Expected
		drafts   []eventstore.Draft
	}{{eventstore.NoStream, given[:2]}, {1, given[2:]}} {
		first := add(t, store, stream, part.expected, part.drafts)
		for range 2 {
			if again := add(t, store, stream, part.expected, part.drafts); again != first {
				t.Fatalf("answered %+v, then %+v", first, again)
			}
		}
	}
	wantIDs(t, load(t, store, stream, 0), given)
}

func repeatsLater(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(4)
	first := add(t, store, stream, eventstore.NoStream, given[:2])
	add(t, store, stream, 1, given[2:])
	again, envelopes, err := store.Append(t.Context(), stream, eventstore.NoStream, given[:2])
	if err != nil || again != first || len(envelopes) != 2 || envelopes[1].Revision != 1 {
		t.Fatalf("answered %+v, then %+v with %d events, %v", first, again, len(envelopes), err)
	}
	wantIDs(t, load(t, store, stream, 0), given)
}

func halfRepeats(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(3)
	add(t, store, stream, eventstore.NoStream, given)
	other := drafts(1)[0]
	wantConflict(t, store, stream, eventstore.NoStream, []eventstore.Draft{given[0], other})
	wantConflict(t, store, stream, eventstore.NoStream, []eventstore.Draft{other, given[1]})
	wantConflict(t, store, stream, eventstore.NoStream, []eventstore.Draft{given[1], given[0]})
	wantConflict(t, store, stream, 1, []eventstore.Draft{given[2], other})
	wantIDs(t, load(t, store, stream, 0), given)
}

func duplicates(t *testing.T, store, _ Store) {
	stream, given := newStream(), drafts(1)
	add(t, store, stream, eventstore.NoStream, given)
	if appended := add(t, store, stream, 0, given); appended.Revision != 1 {
		t.Fatalf("appended at %d, want 1", appended.Revision)
	}
	wantIDs(t, load(t, store, stream, 0), []eventstore.Draft{given[0], given[0]})
}

func nothing(t *testing.T, store, _ Store) {
	if _, _, err := store.Append(t.Context(), newStream(), eventstore.NoStream, nil); err == nil {
		t.Fatal("nothing was appended, and that was fine")
	}
}

func unknownType(t *testing.T, store, older Store) {
	stream, given := newStream(), drafts(2)
	given[1].Event = Forgotten{}
	add(t, store, stream, eventstore.NoStream, given)
	got, err := older.Load(t.Context(), stream, 0)
	var unknown *eventstore.UnknownTypeError
	var fault *codec.DecodeError
	if !errors.As(err, &unknown) || !errors.As(err, &fault) || fault.Revision != 1 || got != nil {
		t.Fatalf("loaded %d events, %v", len(got), err)
	}
	if _, _, err := older.Append(t.Context(), stream, 1, given[1:]); !errors.As(err, &unknown) {
		t.Fatalf("appended: %v", err)
	}
}

func endedRequest(t *testing.T, store, _ Store) {
	stream := newStream()
	add(t, store, stream, eventstore.NoStream, drafts(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := store.Load(ctx, stream, 0); err == nil {
		t.Fatalf("loaded %d events", len(got))
	}
	if _, _, err := store.Append(ctx, stream, 0, drafts(1)); !errors.Is(err, eventstore.ErrUnavailable) &&
		!errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Fatalf("appended: %v", err)
	}
}
