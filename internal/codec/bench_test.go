package codec_test

import (
	"testing"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// The figures to hold: under 6 µs per event decoded, with cached keys.

func BenchmarkDecode(b *testing.B) {
	for name, draft := range map[string]eventstore.Draft{
		"sealed=0": machine(draft(left{UserID: ann, Why: "bored"})),
		"sealed=4": draft(annJoins()),
	} {
		b.Run(name, func(b *testing.B) {
			c := open(b, keyring.NewMemory())
			records := make([]eventstore.Recorded, 500)
			for i := range records {
				records[i] = encode(b, c, "club-1", draft)[0]
			}
			b.ReportAllocs()
			for n := 0; n < b.N; n += len(records) {
				decode(b, c, records...)
			}
		})
	}
}

func BenchmarkDecodeStreamOfFive(b *testing.B) {
	c := open(b, keyring.NewMemory())
	quiet := machine(draft(left{UserID: ann, Why: "bored"}))
	records := encode(b, c, "club-1", draft(annJoins()), quiet, quiet, draft(left{UserID: ann}), quiet)
	b.ReportAllocs()
	for b.Loop() {
		decode(b, c, records...)
	}
}

func BenchmarkEncode(b *testing.B) {
	c := open(b, keyring.NewMemory())
	event := draft(annJoins())
	b.ReportAllocs()
	for b.Loop() {
		encode(b, c, "club-1", event)
	}
}

func machine(d eventstore.Draft) eventstore.Draft {
	d.Meta.Actor = eventstore.Actor{ID: "trial-saga", Kind: eventstore.Saga}
	d.Meta.Client = eventstore.Client{}
	return d
}
