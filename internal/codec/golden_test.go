package codec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

var update = flag.Bool("update", false, "write the golden files of new events")

// golden is one file in testdata: an event as some version of this program stored it. A file is never rewritten:
// its event may be in somebody's log.
type golden struct {
	ID       uuid.UUID       `json:"id"`
	Stream   string          `json:"stream"`
	Type     string          `json:"type"`
	Data     json.RawMessage `json:"data"`
	Metadata json.RawMessage `json:"metadata"`
}

// TestGoldenEventsDecode protects every log that exists: an event stored by an earlier version must be read by this
// one, with the same meaning, and today's fields must be those of the file.
func TestGoldenEventsDecode(t *testing.T) {
	c, err := codec.New(goldenKeys{}, codec.All()...)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, event := range slices.Concat(codec.All()...) {
		known[event.EventType()] = true
		t.Run(event.EventType(), func(t *testing.T) { compareGolden(t, c, event) })
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".json"); !known[name] {
			t.Run(name, func(t *testing.T) { decode(t, c, readGolden(t, file)) }) // a retired type: upcasts must read it
		}
	}
}

func compareGolden(t *testing.T, c *codec.Codec, event domain.Event) {
	sample := reflect.New(reflect.TypeOf(event))
	fillIn(t, sample.Elem(), event.EventType())
	today := eventstore.Draft{
		ID:    uuid.NewSHA1(uuid.Nil, []byte(event.EventType())),
		Event: sample.Elem().Interface().(domain.Event),
		Meta: eventstore.Metadata{
			CorrelationID: uuid.UUID{1}, CausationID: uuid.UUID{2}, CommandID: uuid.UUID{3}, Fingerprint: "fingerprint",
			Actor:       eventstore.Actor{ID: domain.ID{4}.String(), Kind: eventstore.User, OnBehalfOf: domain.ID{5}.String()},
			Reason:      "reason",
			Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			Client:      eventstore.Client{IP: domain.NewPersonal("192.0.2.1"), UserAgent: domain.NewPersonal("agent")},
		},
	}
	module, _, _ := strings.Cut(event.EventType(), ".")
	written := encode(t, c, module+"-1", today)[0]
	file := filepath.Join("testdata", event.EventType()+".json")
	if _, err := os.Stat(file); os.IsNotExist(err) && *update {
		writeGolden(t, file, written)
	}
	stored := readGolden(t, file)
	if diff := cmp.Diff(decode(t, c, written)[0], decode(t, c, stored)[0], compareExactly); diff != "" {
		t.Errorf("the file reads differently from what is written today: %s", diff)
	}
	if diff := cmp.Diff(fieldNames(t, stored.Data), fieldNames(t, written.Data)); diff != "" {
		t.Errorf("today's fields differ from the file's: %s", diff)
	}
	if diff := cmp.Diff(fieldNames(t, stored.Metadata), fieldNames(t, written.Metadata)); diff != "" {
		t.Errorf("today's metadata fields differ from the file's: %s", diff)
	}
	if diff := cmp.Diff(today.Event, decode(t, c, written)[0].Event, compareExactly); diff != "" {
		t.Errorf("a field is lost on its way: %s", diff)
	}
}

// TestClearedTextSurvives: a pointer to an empty text means "cleared" and must not be read back as "unchanged".
func TestClearedTextSurvives(t *testing.T) {
	c, err := codec.New(goldenKeys{}, codec.All()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range slices.Concat(codec.All()...) {
		sample := reflect.New(reflect.TypeOf(event)).Elem()
		fillIn(t, sample, event.EventType())
		for i := range sample.NumField() {
			if sample.Field(i).Kind() == reflect.Pointer {
				sample.Field(i).Set(reflect.New(sample.Field(i).Type().Elem()))
			}
		}
		want := sample.Interface().(domain.Event)
		got := decode(t, c, encode(t, c, "any-1", draft(want))...)[0].Event
		if diff := cmp.Diff(want, got, compareExactly); diff != "" {
			t.Errorf("%s: %s", event.EventType(), diff)
		}
	}
}

func readGolden(t *testing.T, file string) eventstore.Recorded {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (a new event? go test ./internal/codec -update)", err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return eventstore.Recorded{ID: g.ID, Stream: g.Stream, Type: g.Type, Data: g.Data, Metadata: g.Metadata}
}

func writeGolden(t *testing.T, file string, r eventstore.Recorded) {
	t.Helper()
	text, err := json.MarshalIndent(golden{r.ID, r.Stream, r.Type, r.Data, r.Metadata}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fieldNames lists the members of an object, and those of objects in it.
func fieldNames(t *testing.T, document []byte) []string {
	t.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(document))
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	var names []string
	var walk func(prefix string, value any)
	walk = func(prefix string, value any) {
		if object, ok := value.(map[string]any); ok {
			for name, member := range object {
				names = append(names, prefix+name)
				walk(prefix+name+"/", member)
			}
		}
	}
	walk("/", value)
	slices.Sort(names)
	return names
}

// fillIn gives every field a value that is not zero and that says where it stands.
func fillIn(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Interface().(type) {
	case domain.Personal:
		v.Set(reflect.ValueOf(domain.NewPersonal("text of " + path)))
		return
	case domain.Secret:
		v.Set(reflect.ValueOf(domain.NewSecret("secret of " + path)))
		return
	case domain.ID:
		v.Set(reflect.ValueOf(domain.ID(uuid.NewSHA1(uuid.Nil, []byte(path)))))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 5, 4, 3, 2, 1, 123456000, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(path)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(42)
	case reflect.Uint, reflect.Uint64, reflect.Uint32:
		v.SetUint(42)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillIn(t, v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillIn(t, v.Index(0), path+"/0")
	case reflect.Struct:
		for i := range v.NumField() {
			fillIn(t, v.Field(i), path+"/"+v.Type().Field(i).Name)
		}
	default:
		t.Fatalf("%s: teach fillIn about %s", path, v.Type())
	}
}

// goldenKeys is a ring whose keys follow from their ids, so that the golden files open in every checkout.
type goldenKeys struct{}

func (k goldenKeys) Active(ctx context.Context, subjects ...domain.ID) ([]keyring.Key, error) {
	return k.ByID(ctx, subjects...)
}

func (goldenKeys) ByID(_ context.Context, ids ...domain.ID) ([]keyring.Key, error) {
	keys := make([]keyring.Key, len(ids))
	for i, id := range ids {
		key, err := keyring.NewKey(id, append(id[:], id[:]...))
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	return keys, nil
}
