package codec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

var compareExactly = cmp.Exporter(func(reflect.Type) bool { return true }) // hidden text must survive

func TestWhatIsEncodedDecodesAlike(t *testing.T) {
	c := open(t, keyring.NewMemory())
	name, cleared := domain.NewPersonal("Anne"), domain.NewPersonal("")
	drafts := []eventstore.Draft{
		draft(annJoins()),
		draft(renamed{UserID: ann, Name: &name}),
		draft(renamed{UserID: ann, Name: &cleared}),
		draft(renamed{
			UserID: ann, Aliases: []domain.Personal{name, cleared, name},
			Notes: map[string]domain.Personal{"a/b~c": name, "": cleared},
		}),
		draft(left{UserID: ann, Why: "bored"}),
	}
	records := encode(t, c, "club-1", drafts...)
	for i := range records {
		records[i].Revision, records[i].Position, records[i].Created = uint64(i), eventstore.Position{Commit: 9}, noon
	}
	for i, got := range decode(t, c, records...) {
		if diff := cmp.Diff(drafts[i].Event, got.Event, compareExactly); diff != "" {
			t.Errorf("event %d: %s", i, diff)
		}
		want := drafts[i].Meta
		want.SchemaVersion, want.Tenant, want.Keys = 1, eventstore.DefaultTenant, got.Meta.Keys
		if diff := cmp.Diff(want, got.Meta, compareExactly); diff != "" {
			t.Errorf("metadata %d: %s", i, diff)
		}
		if got.ID != drafts[i].ID || got.Stream != "club-1" || got.Revision != uint64(i) || got.Position.Commit != 9 ||
			!got.Created.Equal(noon) {
			t.Errorf("envelope %d: %+v", i, got)
		}
	}
}

func TestPersonalAndSecretTextIsNeverStoredInTheClear(t *testing.T) {
	records := encode(t, open(t, keyring.NewMemory()), "club-1", draft(annJoins()))
	stored := append(bytes.Clone(records[0].Data), records[0].Metadata...)
	for _, text := range []string{"Ann", "argon2id", "192.0.2.7", "curl"} {
		if bytes.Contains(stored, []byte(text)) {
			t.Errorf("%q stands in %s", text, stored)
		}
	}
}

func TestKeyIDsAreInTheMetadataOfEventsThatUseThem(t *testing.T) {
	ring := keyring.NewMemory()
	c := open(t, ring)
	keys, err := ring.Active(t.Context(), ann, credential)
	if err != nil {
		t.Fatal(err)
	}
	byMachine := draft(left{UserID: ann})
	byMachine.Meta.Actor = eventstore.Actor{ID: "trial-saga", Kind: eventstore.Saga}
	envelopes := decode(t, c, encode(t, c, "club-1", draft(annJoins()), draft(left{UserID: ann}), byMachine)...)
	want := []eventstore.Keys{
		{Personal: keys[0].ID, Credential: keys[1].ID, Client: keys[0].ID},
		{Client: keys[0].ID},
		{},
	}
	for i := range want {
		if envelopes[i].Meta.Keys != want[i] {
			t.Errorf("keys of event %d: %+v, want %+v", i, envelopes[i].Meta.Keys, want[i])
		}
	}
	if envelopes[2].Meta.Client != (eventstore.Client{}) {
		t.Error("the source of a request of nobody was stored")
	}
}

func TestDestroyedKeyReadsAsErased(t *testing.T) {
	ring := keyring.NewMemory()
	c := open(t, ring)
	records := encode(t, c, "club-1", draft(annJoins()))
	if err := ring.Destroy(t.Context(), credential); err != nil {
		t.Fatal(err)
	}
	event := decode(t, c, records...)[0].Event.(member)
	if !event.Hash.Erased() || event.Name.Text() != "Ann Ætting" {
		t.Errorf("after the end of the credential: hash erased %t, name %q", event.Hash.Erased(), event.Name.Text())
	}
	if err := ring.Destroy(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	envelope := decode(t, c, records...)[0]
	event = envelope.Event.(member)
	if !event.Name.Erased() || event.Phone.Erased() || event.UserID != ann {
		t.Errorf("after the end of the person: %+v", event)
	}
	if !envelope.Meta.Client.IP.Erased() || !envelope.Meta.Client.UserAgent.Erased() {
		t.Error("the source of the request was not erased")
	}
}

func TestNothingIsEncodedForTheErased(t *testing.T) {
	ring := keyring.NewMemory()
	c := open(t, ring)
	if err := ring.Destroy(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Encode(t.Context(), "club-1", []eventstore.Draft{draft(annJoins())}); !errors.Is(err, keyring.ErrDestroyed) || !errors.Is(err, eventstore.ErrErased) {
		t.Fatalf("Encode: %v", err)
	}
	event := annJoins()
	event.UserID, event.Name = domain.ID{9}, domain.ErasedPersonal()
	if _, err := c.Encode(t.Context(), "club-1", []eventstore.Draft{draft(event)}); err == nil {
		t.Fatal("an erased text was stored as if it were one")
	}
}

func TestErasedActorDoesNotStopEventsAboutOthers(t *testing.T) {
	ring := keyring.NewMemory()
	c := open(t, ring)
	if err := ring.Destroy(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	event := annJoins()
	event.UserID = domain.ID{0xb}
	for _, envelope := range decode(t, c, encode(t, c, "club-1", draft(event), draft(left{UserID: ann}))...) {
		if envelope.Meta.Client != (eventstore.Client{}) || !envelope.Meta.Keys.Client.IsZero() {
			t.Errorf("the erased actor's source was kept: %+v", envelope.Meta.Keys)
		}
	}
}

func TestPersonalTextOfNobodyIsRefused(t *testing.T) {
	event := annJoins()
	event.UserID = domain.ID{}
	if _, err := open(t, keyring.NewMemory()).Encode(t.Context(), "club-1", []eventstore.Draft{draft(event)}); err == nil {
		t.Fatal("personal text was sealed with nobody's key")
	}
}

func TestSealedFieldOpensInItsPlaceOnly(t *testing.T) {
	c := open(t, keyring.NewMemory())
	name, phone := domain.NewPersonal("Ann"), domain.NewPersonal("+491")
	event := annJoins()
	event.Name, event.Phone = name, phone
	record := encode(t, c, "club-1", draft(event))[0]
	fields := func(data []byte) (out map[string]any) {
		if err := json.Unmarshal(data, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	text := func(value any) []byte {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	moves := map[string]func(*eventstore.Recorded){
		"another stream": func(r *eventstore.Recorded) { r.Stream = "club-2" },
		"another event":  func(r *eventstore.Recorded) { r.ID = uuid.New() },
		"another field": func(r *eventstore.Recorded) {
			data := fields(r.Data)
			data["name"], data["phone"] = data["phone"], data["name"]
			r.Data = text(data)
		},
		"another document": func(r *eventstore.Recorded) {
			data, meta := fields(r.Data), fields(r.Metadata)
			meta["client"].(map[string]any)["ip"] = data["name"]
			r.Metadata = text(meta)
		},
		"the clear":     func(r *eventstore.Recorded) { data := fields(r.Data); data["name"] = "Ann"; r.Data = text(data) },
		"a null":        func(r *eventstore.Recorded) { data := fields(r.Data); data["name"] = nil; r.Data = text(data) },
		"an empty text": func(r *eventstore.Recorded) { data := fields(r.Data); data["name"] = ""; r.Data = text(data) },
		"loose base64": func(r *eventstore.Recorded) {
			data := fields(r.Data)
			data["name"] = data["name"].(string) + "\n"
			r.Data = text(data)
		},
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			moved := record
			move(&moved)
			_, err := c.Decode(t.Context(), []eventstore.Recorded{moved})
			var fault *codec.DecodeError
			if !errors.Is(err, keyring.ErrSealed) || !errors.As(err, &fault) || fault.ID != moved.ID {
				t.Fatalf("Decode: %v", err)
			}
		})
	}
}

func TestUnknownTypeIsAnError(t *testing.T) {
	ring := keyring.NewMemory()
	whole := open(t, ring)
	part, err := codec.New(ring, []domain.Event{left{}})
	if err != nil {
		t.Fatal(err)
	}
	if part.Knows("club.member_joined.v1") || !part.Knows("club.left.v1") {
		t.Error("Knows is wrong")
	}
	records := encode(t, whole, "club-1", draft(left{UserID: ann}), draft(annJoins()))
	records[1].Revision = 1
	var unknown *eventstore.UnknownTypeError
	var fault *codec.DecodeError
	if _, err := part.Decode(t.Context(), records); !errors.As(err, &unknown) || unknown.Type != "club.member_joined.v1" ||
		!errors.As(err, &fault) || fault.Revision != 1 || fault.Stream != "club-1" {
		t.Errorf("Decode: %v", err)
	}
	if _, err := part.Encode(t.Context(), "club-1", []eventstore.Draft{draft(annJoins())}); !errors.As(err, &unknown) {
		t.Errorf("Encode: %v", err)
	}
}

func TestUnknownFieldsOfLaterProgramsAreRead(t *testing.T) {
	c := open(t, keyring.NewMemory())
	record := encode(t, c, "club-1", draft(left{UserID: ann, Why: "bored"}))[0]
	record.Data = bytes.Replace(record.Data, []byte("{"), []byte(`{"later":[1],`), 1)
	record.Metadata = bytes.Replace(record.Metadata, []byte("{"), []byte(`{"later":{}, `), 1)
	if got := decode(t, c, record)[0].Event; got != (left{UserID: ann, Why: "bored"}) {
		t.Fatalf("decoded %+v", got)
	}
}

func TestLostKeyIsTheFaultOfItsEvent(t *testing.T) {
	lost := open(t, keyring.NewMemory())
	other := open(t, keyring.NewMemory())
	machine := draft(left{UserID: ann})
	machine.Meta.Client = eventstore.Client{}
	records := encode(t, lost, "club-1", machine, draft(annJoins()))
	_, err := other.Decode(t.Context(), records)
	var fault *codec.DecodeError
	if !errors.Is(err, keyring.ErrUnknownKey) || !errors.As(err, &fault) || fault.ID != records[1].ID {
		t.Fatalf("Decode: %v", err)
	}
}

func TestSilentRingIsNobodysFault(t *testing.T) {
	keys := &countingKeys{Memory: keyring.NewMemory()}
	c := open(t, keys)
	records := encode(t, c, "club-1", draft(annJoins()))
	keys.err = errDown
	var fault *codec.DecodeError
	if _, err := c.Decode(t.Context(), records); !errors.Is(err, errDown) || errors.As(err, &fault) {
		t.Errorf("Decode: %v", err)
	}
	if _, err := c.Encode(t.Context(), "club-1", []eventstore.Draft{draft(annJoins())}); !errors.Is(err, errDown) {
		t.Errorf("Encode: %v", err)
	}
}

func TestBatchAsksTheRingOnce(t *testing.T) {
	keys := &countingKeys{Memory: keyring.NewMemory()}
	c := open(t, keys)
	drafts := make([]eventstore.Draft, 20)
	for i := range drafts {
		event := annJoins()
		event.UserID[1], event.CredentialID[1] = byte(i%5), byte(i)
		drafts[i] = draft(event)
	}
	decode(t, c, encode(t, c, "club-1", drafts...)...)
	if keys.actives != 1 || keys.byIDs != 1 {
		t.Fatalf("asked %d times to encode and %d times to decode", keys.actives, keys.byIDs)
	}
}

func TestManyGoroutinesShareACodec(t *testing.T) {
	c := open(t, keyring.NewMemory())
	done := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 50 {
				var records []eventstore.Recorded
				if records, err = c.Encode(context.Background(), "club-1", []eventstore.Draft{draft(annJoins())}); err != nil {
					break
				}
				if _, err = c.Decode(context.Background(), records); err != nil {
					break
				}
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestNewRefusesWhatWouldBreakLater(t *testing.T) {
	faults := map[string][]domain.Event{
		"personal text without a subject":   {noSubject{}},
		"a secret without a credential":     {noCredential{}},
		"a malformed name":                  {badName{}},
		"two types of one name":             {left{}, sameName{}},
		"a pointer":                         {&pointer{}},
		"a secret with another's name only": {joined{}},
		"a cleared text that would be lost": {losesClearing{hidden: true}},
	}
	for name, events := range faults {
		if _, err := codec.New(keyring.NewMemory(), events); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
