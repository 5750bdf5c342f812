package codec_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// plain has one field of every type that is read without the JSON package.
type plain struct {
	ID      domain.ID        `json:"id"`
	Text    domain.Personal  `json:"text"`
	Hash    domain.Secret    `json:"hash"`
	Cleared *domain.Personal `json:"cleared,omitempty"`
	Word    kind             `json:"word"`
	Words   *string          `json:"words,omitzero"`
	Flag    bool             `json:"flag"`
	Number  int64            `json:"number"`
	Count   int              `json:"count"`
	At      time.Time        `json:"at"`
	Until   *time.Time       `json:"until,omitempty"`
}

type kind string

func (plain) EventType() string           { return "scan.plain.v1" }
func (plain) Subject() domain.ID          { return ann }
func (plain) Credential() domain.ID       { return ann }
func (oddTags) EventType() string         { return "scan.odd_tags.v1" }
func (ownJSON) EventType() string         { return "scan.own_json.v1" }
func (nested) EventType() string          { return "scan.nested.v1" }
func (*shout) UnmarshalText([]byte) error { return nil }

type (
	oddTags struct {
		N int `json:"n,string"`
	}
	ownJSON struct {
		S shout `json:"s"`
	}
	nested struct {
		L []string `json:"l"`
	}
	shout string
)

func TestOnlyPlainTypesAreScanned(t *testing.T) {
	c, err := codec.New(keyring.NewMemory(), []domain.Event{plain{}, oddTags{}, ownJSON{}, nested{}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"scan.plain.v1": true, "scan.odd_tags.v1": false, "scan.own_json.v1": false, "scan.nested.v1": false,
	} {
		if c.Scans(name) != want {
			t.Errorf("%s is scanned: %t", name, !want)
		}
	}
}

// TestFrequentEventsAreScanned: a field of a type that is not plain would make every sign-up, log-in and rebuild slower
// without a word.
func TestFrequentEventsAreScanned(t *testing.T) {
	c, err := codec.New(keyring.NewMemory(), codec.All()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"account.user_created.v1", "account.email_verified.v1", "email.email_claimed.v1", "session.session_started.v1",
		"session.session_ended.v1", "profile.profile_created.v1", "profile.profile_updated.v1", "access.role_assigned.v1",
	} {
		if !c.Scans(name) {
			t.Errorf("%s is read by the JSON package", name)
		}
	}
}

func openPlain(tb testing.TB) (*codec.Codec, eventstore.Recorded, keyring.Key) {
	tb.Helper()
	ring := keyring.NewMemory()
	c, err := codec.New(ring, []domain.Event{plain{}})
	if err != nil {
		tb.Fatal(err)
	}
	words, cleared := "two words", domain.NewPersonal("")
	event := plain{
		ID: domain.ID{7}, Text: domain.NewPersonal("text"), Hash: domain.NewSecret("hash"), Cleared: &cleared,
		Word: "word", Words: &words, Flag: true, Number: -7, Count: 0, At: noon, Until: &noon,
	}
	keys, err := ring.Active(tb.Context(), ann)
	if err != nil {
		tb.Fatal(err)
	}
	return c, encode(tb, c, "scan-1", draft(event))[0], keys[0]
}

func TestWhatIsWrittenIsScanned(t *testing.T) {
	c, record, key := openPlain(t)
	if fast, slow, scanned, err := c.ReadEvent(record.Type, record, key); !scanned || err != nil || !cmp.Equal(fast, slow, compareExactly) {
		t.Errorf("data: scanned %t, %v: %s", scanned, err, cmp.Diff(fast, slow, compareExactly))
	}
	if fast, slow, scanned, err := codec.ReadMetadata(record.Metadata); !scanned || err != nil || !cmp.Equal(fast, slow, compareExactly) {
		t.Errorf("metadata: scanned %t, %v: %s", scanned, err, cmp.Diff(fast, slow, compareExactly))
	}
}

// FuzzScanData: what the scanner accepts, the JSON package accepts, and reads alike.
func FuzzScanData(f *testing.F) {
	c, record, key := openPlain(f)
	f.Add(record.Data)
	for _, seed := range []string{
		`{}`, `{"id":"07000000-0000-0000-0000-000000000000"}`, `{"id":""}`, `{"word":"a","word":"b"}`, `{"number":-0}`,
		`{"number":01}`, `{"number":9223372036854775807}`, `{"number":9223372036854775808}`, `{"number":1e3}`, `{"flag":null}`,
		`{"word":"\u0061"}`, `{"word":"ä"}`, "{\"word\":\"\x01\"}", `{"word":"a",}`, `{"word":"a"} `, `{"words":null}`, `{,}`,
		`{"at":"2026-05-04T03:02:01.1234567891Z"}`, `{"at":"2026-05-04T03:02:61Z"}`, `{"at":"2026-05-04T3:02:01Z"}`,
		`{"at":"2026-05-04T03:02:01+01:00"}`, `{"at":"0000-01-01T00:00:00Z"}`, `{"at":"2026-05-04T03:02:01,5Z"}`, `{"at":"Z"}`,
		`{"number":1,"word":"late"}`, `{"unknown":1,"word":"a"}`, `{"text":"AAAA"}`, `{"word":"a"`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		changed := record
		changed.Data = data
		fast, slow, scanned, err := c.ReadEvent(record.Type, changed, key)
		if scanned && (err != nil || !cmp.Equal(fast, slow, compareExactly)) {
			t.Fatalf("%q: %v: %s", data, err, cmp.Diff(fast, slow, compareExactly))
		}
	})
}

// FuzzScanMetadata is FuzzScanData for metadata.
func FuzzScanMetadata(f *testing.F) {
	_, record, _ := openPlain(f)
	f.Add(record.Metadata)
	for _, seed := range []string{
		`{}`, `{"actor":{}}`, `{"actor":{"kind":"user","kind":"saga"}}`, `{"keys":{},"keys":{}}`, `{"schemaVersion":-1}`,
		`{"commandId":"{07000000-0000-0000-0000-000000000000}"}`, `{"commandId":"07000000-0000-0000-0000-00000000000G"}`,
		`{"commandId":"07000000-0000-0000-0000-0000000000AF"}`, `{"client":{"ip":"x"}}`, `{"$later":1}`, `{"tenant":"a","reason":"b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fast, slow, scanned, err := codec.ReadMetadata(text)
		if scanned && (err != nil || !cmp.Equal(fast, slow, compareExactly)) {
			t.Fatalf("%q: %v: %s", text, err, cmp.Diff(fast, slow, compareExactly))
		}
	})
}
