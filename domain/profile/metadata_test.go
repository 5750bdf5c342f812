package profile_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/internal/estest"
)

func TestMergeMetadata(t *testing.T) {
	for name, c := range map[string]struct{ metadata, patch, want string }{
		// The cases of RFC 7396, appendix A, whose target and patch are objects.
		"replaces":                      {`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		"adds":                          {`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		"removes":                       {`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		"leaves nothing":                {`{"a":"b"}`, `{"a":null}`, ``},
		"replaces a list":               {`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		"replaces by a list":            {`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		"merges objects within":         {`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		"does not merge lists":          {`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		"keeps what is null":            {`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		"removes before there is a key": {``, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		"keeps null in a list":          {``, `{"a":[null,{"b":null}]}`, `{"a":[null,{"b":null}]}`},

		"keeps numbers as they were written": {`{"a":1.0}`, `{"b":12345678901234567890.10}`, `{"a":1.0,"b":12345678901234567890.10}`},
		"keeps text as it was written":       {``, `{"a":"<&>\u2028é"}`, "{\"a\":\"<&>\\u2028é\"}"},
		"clears everything":                  {`{"a":1}`, `null`, ``},
		"changes nothing without a patch":    {`{"a":1}`, ``, `{"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := profile.MergeMetadata(domain.NewPersonal(c.metadata), domain.NewPersonal(c.patch))
			if diff := estest.Diff(domain.NewPersonal(c.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMergeMetadataAfterErasure(t *testing.T) {
	gone, some := domain.ErasedPersonal(), domain.NewPersonal(`{"a":1}`)
	for name, c := range map[string]struct{ metadata, patch, want domain.Personal }{
		"an erased patch erases":             {some, gone, gone},
		"what was erased stays so":           {gone, some, gone},
		"no patch leaves it erased":          {gone, domain.Personal{}, gone},
		"clearing needs nothing to be known": {gone, domain.NewPersonal("null"), domain.Personal{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := profile.MergeMetadata(c.metadata, c.patch); got != c.want {
				t.Errorf("erased: %v, text %q", got.Erased(), got.Text())
			}
		})
	}
}

// Whatever patches are sent: deciding and folding leads to what RFC 7396 says of plain maps, and the state that is
// folded from the stored events again is the same.
func TestPatchesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := profile.State{}.Evolve(created)
		var model any = map[string]any{}
		events := []profile.Event{created}
		for range rapid.IntRange(1, 6).Draw(t, "patches") {
			patch := object(2).Draw(t, "patch")
			if rapid.IntRange(0, 9).Draw(t, "clear") == 0 {
				patch = nil
			}
			received, err := json.Marshal(patch)
			if err != nil {
				t.Fatal(err)
			}
			decided, err := update(profile.Patch{Metadata: received}).Decide(state)
			if err != nil {
				t.Fatalf("%s: %v", received, err)
			}
			for _, event := range decided {
				state = state.Evolve(event)
			}
			events = append(events, decided...)
			before := model
			if patch == nil {
				model = map[string]any{}
			} else {
				model = mergePatch(model, patch)
			}
			if changes := !reflect.DeepEqual(before, model); changes != (len(decided) == 1) {
				t.Fatalf("%s: changes %v, but decided %d events", received, changes, len(decided))
			}
			if got := read(t, state.Metadata.Text()); !reflect.DeepEqual(got, model) {
				t.Fatalf("got %v, want %v", got, model)
			}
		}
		var again profile.State
		for _, event := range events {
			again = again.Evolve(event)
		}
		if again != state {
			t.Fatal("folding the events again leads elsewhere")
		}
	})
}

// object draws the object of a patch with nulls, lists and objects in it.
func object(depth int) *rapid.Generator[map[string]any] {
	key := rapid.SampledFrom([]string{"a", "b", "c"})
	values := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.SampledFrom([]any{true, "x", json.Number("1.50"), json.Number("-3e2")}),
		rapid.Just[any]([]any{nil, json.Number("1")}), rapid.Just[any](map[string]any{}),
	}
	if depth > 0 {
		values = append(values, rapid.Map(object(depth-1), func(m map[string]any) any { return m }))
	}
	return rapid.MapOfN(key, rapid.OneOf(values...), 0, 3)
}

// mergePatch is the pseudo-code of RFC 7396, section 2, on a copy.
func mergePatch(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result := map[string]any{}
	if object, ok := target.(map[string]any); ok {
		for name, value := range object {
			result[name] = value
		}
	}
	for name, value := range changes {
		if value == nil {
			delete(result, name)
			continue
		}
		result[name] = mergePatch(result[name], value)
	}
	return result
}

func read(t *rapid.T, text string) any {
	if text == "" {
		return map[string]any{}
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}
