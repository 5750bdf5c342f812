package codec_test

import (
	"errors"
	"testing"

	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// FuzzDecode holds the decoder to three promises about what anybody may have written into the store: it does not
// panic, it never returns an event without a type of ours, and what it refuses it refuses as a *DecodeError.
func FuzzDecode(f *testing.F) {
	ring := keyring.NewMemory()
	c := open(f, ring)
	for _, event := range []eventstore.Draft{draft(annJoins()), draft(left{UserID: ann}), draft(renamed{UserID: ann})} {
		record := encode(f, c, "club-1", event)[0]
		f.Add(record.Type, record.Data, record.Metadata)
	}
	f.Add("club.left.v1", []byte(`{}`), []byte(`{}`))
	f.Add("club.left.v1", []byte(`{"user_id":"x"}`), []byte(`{"schemaVersion":-1}`))
	f.Add("club.renamed.v1", []byte(`{"name":"AA=="}`), []byte(`{"keys":{"personal":""}}`))
	f.Add("club.gone.v1", []byte(`null`), []byte(`null`))
	f.Add("", []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, name string, data, metadata []byte) {
		record := eventstore.Recorded{Stream: "club-1", Type: name, Data: data, Metadata: metadata}
		envelopes, err := c.Decode(t.Context(), []eventstore.Recorded{record})
		var fault *codec.DecodeError
		switch {
		case err != nil && !errors.As(err, &fault):
			t.Fatalf("refused as %v", err)
		case err == nil && (len(envelopes) != 1 || !c.Knows(envelopes[0].Event.EventType())):
			t.Fatalf("decoded to %v", envelopes)
		}
	})
}
