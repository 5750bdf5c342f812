// Package keyringtest is the suite that every key ring passes.
package keyringtest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/keyring"
)

// Ring is what a key ring does.
type Ring interface {
	Active(ctx context.Context, subjects ...domain.ID) ([]keyring.Key, error)
	ByID(ctx context.Context, ids ...domain.ID) ([]keyring.Key, error)
	Destroy(ctx context.Context, subject domain.ID) error
}

// Run holds a ring to its promises. open returns an empty or a used ring; the suite uses subjects of its own.
func Run(t *testing.T, open func(t *testing.T) Ring) {
	rules := map[string]func(t *testing.T, ring Ring){
		"a subject keeps its key":                  keepsKey,
		"keys come in the order asked for":         keepsOrder,
		"a key's id does not tell its subject":     hidesSubject,
		"text opens with its key and place only":   opensInPlace,
		"an unknown key is not a destroyed one":    unknownIsNotDestroyed,
		"a destroyed key is gone and stays gone":   destroyedStaysGone,
		"a refused batch makes no keys of its own": refusesBatch,
		"destroying before there is a key forbids": destroysBefore,
		"asking for nothing gives nothing":         nothing,
		"racing makers agree on one key":           racingMakers,
		"destroying one subject leaves the others": destroysOne,
		"a destroyed key neither opens nor seals":  destroyedKeyIsUseless,
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) { rule(t, open(t)) })
	}
}

func subject() domain.ID { return domain.ID(uuid.New()) }

func active(t *testing.T, ring Ring, subjects ...domain.ID) []keyring.Key {
	t.Helper()
	keys, err := ring.Active(t.Context(), subjects...)
	if err != nil || len(keys) != len(subjects) {
		t.Fatalf("Active(%d subjects) = %d keys, %v", len(subjects), len(keys), err)
	}
	return keys
}

func keepsKey(t *testing.T, ring Ring) {
	person := subject()
	first := active(t, ring, person)[0]
	again := active(t, ring, person)[0]
	byID, err := ring.ByID(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if first.ID != again.ID || byID[0].ID != first.ID || byID[0].Destroyed {
		t.Fatalf("ids %s, %s, %s differ", first.ID, again.ID, byID[0].ID)
	}
	sealed := seal(t, first)
	for _, key := range []keyring.Key{again, byID[0]} {
		if text, err := key.Open(nil, sealed, []byte("place")); err != nil || string(text) != "text" {
			t.Fatalf("Open = %q, %v", text, err)
		}
	}
}

func keepsOrder(t *testing.T, ring Ring) {
	a, b, c := subject(), subject(), subject()
	all := active(t, ring, a, b, c, a)
	if all[0].ID != all[3].ID || all[0].ID == all[1].ID || all[1].ID == all[2].ID {
		t.Fatal("the same subject twice has one key, others have others")
	}
	turned := active(t, ring, c, a, b)
	if turned[0].ID != all[2].ID || turned[1].ID != all[0].ID || turned[2].ID != all[1].ID {
		t.Fatal("the order of keys is not that of the subjects")
	}
	byID, err := ring.ByID(t.Context(), all[1].ID, all[0].ID, all[1].ID)
	if err != nil || byID[0].ID != all[1].ID || byID[1].ID != all[0].ID || byID[2].ID != all[1].ID {
		t.Fatalf("ByID mixes up its keys: %v", err)
	}
}

func hidesSubject(t *testing.T, ring Ring) {
	person := subject()
	if key := active(t, ring, person)[0]; key.ID == person || key.ID.IsZero() {
		t.Fatalf("key id %s of subject %s", key.ID, person)
	}
}

func opensInPlace(t *testing.T, ring Ring) {
	keys := active(t, ring, subject(), subject())
	sealed := seal(t, keys[0])
	if bytes.Contains(sealed, []byte("text")) {
		t.Fatal("the text stands in the clear")
	}
	if bytes.Equal(sealed, seal(t, keys[0])) {
		t.Fatal("the same text sealed twice looks alike")
	}
	if _, err := keys[1].Open(nil, sealed, []byte("place")); !errors.Is(err, keyring.ErrSealed) {
		t.Fatalf("another key: %v", err)
	}
	if _, err := keys[0].Open(nil, sealed, []byte("elsewhere")); !errors.Is(err, keyring.ErrSealed) {
		t.Fatalf("another place: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := keys[0].Open(nil, sealed, []byte("place")); !errors.Is(err, keyring.ErrSealed) {
		t.Fatalf("altered: %v", err)
	}
	if _, err := keys[0].Open(nil, nil, []byte("place")); !errors.Is(err, keyring.ErrSealed) {
		t.Fatalf("empty: %v", err)
	}
}

func unknownIsNotDestroyed(t *testing.T, ring Ring) {
	known := active(t, ring, subject())[0]
	lost := subject()
	_, err := ring.ByID(t.Context(), known.ID, lost)
	var unknown *keyring.UnknownKeyError
	if !errors.Is(err, keyring.ErrUnknownKey) || !errors.As(err, &unknown) || unknown.ID != lost {
		t.Fatalf("lost key: %v", err)
	}
	if errors.Is(err, keyring.ErrDestroyed) {
		t.Fatal("a lost key must not pass for a destroyed one")
	}
}

func destroyedStaysGone(t *testing.T, ring Ring) {
	person := subject()
	key := active(t, ring, person)[0]
	for range 2 {
		if err := ring.Destroy(t.Context(), person); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ring.Active(t.Context(), person); !errors.Is(err, keyring.ErrDestroyed) {
		t.Fatalf("Active after Destroy: %v", err)
	}
	keys, err := ring.ByID(t.Context(), key.ID)
	if err != nil || !keys[0].Destroyed || keys[0].ID != key.ID {
		t.Fatalf("ByID after Destroy: %v", err)
	}
}

func refusesBatch(t *testing.T, ring Ring) {
	gone, fresh := subject(), subject()
	if err := ring.Destroy(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if keys, err := ring.Active(t.Context(), fresh, gone); !errors.Is(err, keyring.ErrDestroyed) || keys != nil {
		t.Fatalf("Active = %v, %v", keys, err)
	}
}

func destroysBefore(t *testing.T, ring Ring) {
	person := subject()
	if err := ring.Destroy(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Active(t.Context(), person); !errors.Is(err, keyring.ErrDestroyed) {
		t.Fatalf("Active after Destroy: %v", err)
	}
}

func nothing(t *testing.T, ring Ring) {
	active(t, ring)
	if keys, err := ring.ByID(t.Context()); err != nil || len(keys) != 0 {
		t.Fatalf("ByID() = %v, %v", keys, err)
	}
}

func racingMakers(t *testing.T, ring Ring) {
	a, b := subject(), subject()
	ids := make([]domain.ID, 8)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			subjects := []domain.ID{a, b}
			if i%2 == 1 {
				subjects = []domain.ID{b, a}
			}
			keys, err := ring.Active(t.Context(), subjects...)
			if err != nil {
				t.Errorf("Active: %v", err)
				return
			}
			ids[i] = keys[i%2].ID
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("makers disagree: %s and %s", id, ids[0])
		}
	}
}

func destroysOne(t *testing.T, ring Ring) {
	a, b := subject(), subject()
	before := active(t, ring, a, b)
	if err := ring.Destroy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if after := active(t, ring, b)[0]; after.ID != before[1].ID {
		t.Fatal("the other subject lost its key")
	}
}

func destroyedKeyIsUseless(t *testing.T, ring Ring) {
	person := subject()
	key := active(t, ring, person)[0]
	sealed := seal(t, key)
	if err := ring.Destroy(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	keys, err := ring.ByID(t.Context(), key.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys[0].Open(nil, sealed, []byte("place")); !errors.Is(err, keyring.ErrDestroyed) {
		t.Fatalf("Open with a destroyed key: %v", err)
	}
	if _, err := keys[0].Seal(nil, []byte("text"), nil); !errors.Is(err, keyring.ErrDestroyed) {
		t.Fatalf("Seal with a destroyed key: %v", err)
	}
}

func seal(t *testing.T, key keyring.Key) []byte {
	t.Helper()
	sealed, err := key.Seal(nil, []byte("text"), []byte("place"))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
