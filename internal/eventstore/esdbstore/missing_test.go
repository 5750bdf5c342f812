package esdbstore_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/eventstore/storetest"
	"am-user-management/internal/keyring"
)

// TestAnAnswerThatSomethingIsNotFoundIsNoEmptyStream: it is said by a message that there is no such stream. A status
// may come from a node without a leader, or from what stands before it; whoever took it for an empty stream would sign
// somebody up twice.
func TestAnAnswerThatSomethingIsNotFoundIsNoEmptyStream(t *testing.T) {
	strange := strangeServer(t, status.Error(codes.NotFound, "nothing here"))
	store := openWith(t, connector(t, strange), keyring.NewMemory(), storetest.Events,
		esdbstore.Options{LoadTimeout: 500 * time.Millisecond})
	if events, err := store.Load(t.Context(), "notes-1", 0); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("loaded %d events, %v", len(events), err)
	}
}
