package codec_test

import (
	"bytes"
	"errors"
	"testing"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// entered is what club.member_joined.v1 became.
type entered struct {
	UserID domain.ID `json:"user_id"`
	Person struct {
		Name domain.Personal `json:"full_name"`
	} `json:"person"`
	Level int `json:"level"`
}

func (entered) EventType() string    { return "club.entered.v1" }
func (e entered) Subject() domain.ID { return e.UserID }

func replace(old, replacement string) func([]byte) ([]byte, error) {
	return func(data []byte) ([]byte, error) {
		return bytes.Replace(data, []byte(old), []byte(replacement), 1), nil
	}
}

func TestUpcastsReadOldShapes(t *testing.T) {
	ring := keyring.NewMemory()
	old := open(t, ring)
	record := encode(t, old, "club-1", draft(annJoins()))[0]

	c, err := codec.New(ring, []domain.Event{entered{}})
	if err != nil {
		t.Fatal(err)
	}
	err = c.WithUpcasts(
		codec.Upcast{
			From: "club.member_joined.v1", FromVersion: 1, To: "club.entered.v1", ToVersion: 1,
			Apply: replace(`"name":`, `"full_name":`), Moved: map[string]string{"/full_name": "/name"},
		},
		codec.Upcast{
			From: "club.entered.v1", FromVersion: 1, To: "club.entered.v1", ToVersion: 2,
			Apply: func(data []byte) ([]byte, error) {
				start := bytes.Index(data, []byte(`"full_name":`))
				end := start + bytes.IndexByte(data[start:], ',')
				out := append([]byte(nil), data[:start]...)
				out = append(append(append(out, `"level":7,"person":{`...), data[start:end]...), '}')
				return append(out, data[end:]...), nil
			},
			Moved: map[string]string{"/person/full_name": "/full_name"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	got := decode(t, c, record)[0].Event.(entered)
	if got.Person.Name.Text() != "Ann Ætting" || got.Level != 7 || got.UserID != ann {
		t.Fatalf("decoded %+v, name %q", got, got.Person.Name.Text())
	}
	written := encode(t, c, "club-1", draft(got))[0]
	if again := decode(t, c, written)[0]; again.Meta.SchemaVersion != 2 || again.Event != got {
		t.Fatalf("written today: version %d, %+v", again.Meta.SchemaVersion, again.Event)
	}
	var unknown *eventstore.UnknownTypeError
	if _, err := old.Decode(t.Context(), []eventstore.Recorded{written}); !errors.As(err, &unknown) {
		t.Fatalf("a program that does not know the type: %v", err)
	}
}

func TestLaterVersionThanKnownIsUnknown(t *testing.T) {
	c := open(t, keyring.NewMemory())
	record := encode(t, c, "club-1", draft(left{UserID: ann}))[0]
	record.Metadata = bytes.Replace(record.Metadata, []byte(`"schemaVersion":1`), []byte(`"schemaVersion":2`), 1)
	var unknown *eventstore.UnknownTypeError
	if _, err := c.Decode(t.Context(), []eventstore.Recorded{record}); !errors.As(err, &unknown) || unknown.Version != 2 {
		t.Fatalf("Decode: %v", err)
	}
}

func TestEventWithoutVersionIsTheFirst(t *testing.T) {
	c := open(t, keyring.NewMemory())
	record := encode(t, c, "club-1", draft(left{UserID: ann}))[0]
	record.Metadata = bytes.Replace(record.Metadata, []byte(`"schemaVersion":1,`), nil, 1)
	if got := decode(t, c, record)[0].Event; got != (left{UserID: ann}) {
		t.Fatalf("decoded %+v", got)
	}
}

func TestUpcastsMustLeadToToday(t *testing.T) {
	same := replace("", "")
	faults := map[string][]codec.Upcast{
		"an end that nobody knows": {{From: "club.left.v1", FromVersion: 1, To: "club.gone.v1", ToVersion: 1, Apply: same}},
		"a circle": {
			{From: "club.left.v1", FromVersion: 1, To: "club.left.v2", ToVersion: 1, Apply: same},
			{From: "club.left.v2", FromVersion: 1, To: "club.left.v1", ToVersion: 1, Apply: same},
		},
		"two ways": {
			{From: "club.left.v1", FromVersion: 1, To: "club.left.v1", ToVersion: 2, Apply: same},
			{From: "club.left.v1", FromVersion: 1, To: "club.left.v1", ToVersion: 3, Apply: same},
		},
		"a gap": {
			{From: "club.left.v1", FromVersion: 1, To: "club.left.v1", ToVersion: 2, Apply: same},
			{From: "club.left.v1", FromVersion: 3, To: "club.left.v1", ToVersion: 4, Apply: same},
		},
	}
	for name, upcasts := range faults {
		if err := open(t, keyring.NewMemory()).WithUpcasts(upcasts...); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
