package esdb_test

import (
	"reflect"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

func TestParseStreamPosition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"0": esdb.Start{}, "C:0/P:0": esdb.Start{}, "-1": esdb.End{}, "C:-1/P:-1": esdb.End{},
		"42":       esdb.Revision(42),
		"C:12/P:9": &esdb.Position{Commit: 12, Prepare: 9},
		"":         nil, "x": nil, "-2": nil, "C:1": nil, "C:1/P:": nil, "C:/P:1": nil, "1/2": nil, "C:1/P:1/P:1": nil,
	} {
		got, err := esdb.ParseStreamPosition(text)
		if want == nil {
			if own, ok := esdb.FromError(err); err == nil || !ok || own.Code() != esdb.ErrorCodeParsing {
				t.Errorf("%q: got %v, %v, want Parsing", text, got, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, %v, want %#v", text, got, err, want)
		}
	}
}

func TestIDHalvesAreBigEndian(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse(eventID)
	most, least := esdb.UUIDAsInt64(id)
	if most != 0x0001020304050607 || uint64(least) != 0xf8f9fafbfcfdfeff {
		t.Errorf("got %x, %x", most, uint64(least))
	}
	if back, err := esdb.ParseUUIDFromInt64(most, least); err != nil || back != id {
		t.Errorf("got %v, %v", back, err)
	}
}

func TestParseEndPoint(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"h": "h:2113", "h:1": "h:1", "h:65535": "h:65535", "[::1]:2": "[::1]:2",
		"": "", ":1": "", "h:0": "", "h:65536": "", "h:x": "", "h:1:2": "",
	} {
		got, err := esdb.ParseEndPoint(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q: accepted as %v", text, got)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
	}
}
