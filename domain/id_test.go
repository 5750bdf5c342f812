package domain_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"am-user-management/domain"
)

func TestParseIDReadsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var id domain.ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		parsed, err := domain.ParseID(id.String())
		if err != nil || parsed != id {
			t.Fatalf("%s: %s %v", id, parsed, err)
		}
		data, err := json.Marshal(id)
		if err != nil || string(data) != `"`+id.String()+`"` {
			t.Fatalf("JSON %s %v", data, err)
		}
		var read domain.ID
		if err := json.Unmarshal(data, &read); err != nil || read != id {
			t.Fatalf("%s: read %s %v", data, read, err)
		}
	})
}

func TestParseID(t *testing.T) {
	for text, valid := range map[string]bool{
		"0192f0c1-2b3c-7d4e-8f50-0123456789ab":   true,
		"0192F0C1-2B3C-7D4E-8F50-0123456789AB":   true,
		"":                                       false,
		"0192f0c12b3c7d4e8f500123456789ab":       false,
		"0192f0c1-2b3c-7d4e-8f50-0123456789a":    false,
		"0192f0c1-2b3c-7d4e-8f50-0123456789abc":  false,
		"0192f0c1-2b3c-7d4e-8f500-123456789ab":   false,
		"0192f0c1-2b3c-7d4e-8f50-0123456789ag":   false,
		"{0192f0c1-2b3c-7d4e-8f50-0123456789ab}": false,
		"urn:uuid:0192f0c1-2b3c-7d4e-8f50-01234": false,
		" 192f0c1-2b3c-7d4e-8f50-0123456789ab":   false,
	} {
		id, err := domain.ParseID(text)
		if (err == nil) != valid || (err != nil && !id.IsZero()) {
			t.Errorf("%q: %s, %v", text, id, err)
		}
	}
}

func TestIDOfNoText(t *testing.T) {
	id := domain.ID{1}
	if err := id.UnmarshalText(nil); err != nil || !id.IsZero() {
		t.Errorf("%s %v", id, err)
	}
	if err := id.UnmarshalText([]byte("x")); err == nil {
		t.Error("took a text that is no id")
	}
}
