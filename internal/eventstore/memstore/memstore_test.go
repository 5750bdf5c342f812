package memstore_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/memstore"
	"am-user-management/internal/eventstore/storetest"
	"am-user-management/internal/keyring"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func open(t *testing.T, ring codec.Keys, events []domain.Event) *codec.Codec {
	t.Helper()
	c, err := codec.New(ring, events)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (storetest.Store, storetest.Store) {
		ring := keyring.NewMemory()
		store := memstore.New(open(t, ring, storetest.Events), noon)
		return store, store.WithCodec(open(t, ring, storetest.SomeEvents))
	})
}

func TestLogHoldsAllStreamsInOrder(t *testing.T) {
	store := memstore.New(open(t, keyring.NewMemory(), storetest.Events), noon)
	for _, stream := range []string{"storetest-a", "storetest-b"} {
		drafts := []eventstore.Draft{{Event: storetest.Forgotten{}}}
		if _, _, err := store.Append(t.Context(), stream, eventstore.NoStream, drafts); err != nil {
			t.Fatal(err)
		}
	}
	log := store.Log()
	if len(log) != 2 || log[0].Stream != "storetest-a" || !log[0].Position.Less(log[1].Position) ||
		!log[1].Created.Equal(noon()) || log[1].Type != "storetest.forgotten.v1" {
		t.Fatalf("log %+v", log)
	}
}
