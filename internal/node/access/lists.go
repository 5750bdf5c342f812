package access

import (
	"fmt"
	"log/slog"

	lru "github.com/hashicorp/golang-lru/v2"

	"am-user-management/internal/node/store"
)

// faultEntries bounds the faulty lists that are remembered as told of.
const faultEntries = 1 << 10

// CheckLists refuses, with a store.InvalidError, what would be an access list that cannot be read: somebody meant it to say
// something. EventStoreDB takes it, and goes by what is more general.
func (g *Guard) CheckLists(stream string, events []store.Event) error {
	if g.open {
		return nil
	}
	for i := range events {
		var err error
		switch {
		case stream == settingsStream:
			_, err = parseSettings(events[i].Data)
		case store.IsMetastream(stream):
			_, err = parseMetadata(events[i].JSON, events[i].Data)
		}
		if err != nil {
			return &store.InvalidError{Reason: fmt.Sprintf("the access list in %q cannot be read: %v", stream, err)}
		}
	}
	return nil
}

// faults tells the operator of access lists in the log that cannot be read, once of each.
type faults struct {
	logger *slog.Logger
	// told are the positions of the events.
	told *lru.Cache[uint64, struct{}]
}

func newFaults(logger *slog.Logger) (*faults, error) {
	told, err := lru.New[uint64, struct{}](faultEntries)
	return &faults{logger: logger, told: told}, err
}

func (f *faults) metadata(event *store.Record) *own {
	if event == nil {
		return &own{}
	}
	said, err := parseMetadata(event.JSON, event.Data)
	f.tell(event, err)
	return &said
}

func (f *faults) settings(event *store.Record) *settings {
	if event == nil {
		return &settings{}
	}
	s, err := parseSettings(event.Data)
	f.tell(event, err)
	return &s
}

func (f *faults) tell(event *store.Record, err error) {
	if err == nil {
		return
	}
	if known, _ := f.told.ContainsOrAdd(event.Position, struct{}{}); known {
		return
	}
	f.logger.Error("an access list cannot be read; what it fails to tell is for administrators only until it is written anew",
		"stream", string(event.Stream), "revision", event.Revision, "error", err)
}
