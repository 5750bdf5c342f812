// Package memstore is a store in memory for unit tests: it answers as EventStoreDB does, passes the same suite
// (storetest), and encodes every event, so that a test cannot pass with one that would not survive storage.
// It imports eventstore and the codec.
package memstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
)

// Store keeps events until the process ends. It may be used from many goroutines. New makes it.
type Store struct {
	codec *codec.Codec
	*log
}

// log is what stores that differ in their codec share.
type log struct {
	now     func() time.Time
	mu      sync.Mutex
	events  []eventstore.Recorded
	streams map[string][]int // stream → places in events
}

// New returns an empty store that dates events by now.
func New(c *codec.Codec, now func() time.Time) *Store {
	return &Store{codec: c, log: &log{now: now, streams: map[string][]int{}}}
}

// WithCodec returns a store over the same events with another codec: another version of the program.
func (s *Store) WithCodec(c *codec.Codec) *Store { return &Store{codec: c, log: s.log} }

// Load returns the events of the stream from that revision on; none if there is no such stream. It returns what the
// codec returns for an event that it cannot decode.
func (s *Store) Load(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error) {
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(eventstore.ErrUnavailable, err)
	}
	records := s.read(stream, from)
	if len(records) == 0 {
		return nil, nil
	}
	return s.codec.Decode(ctx, records)
}

// Append stores the drafts, all or none, if the stream is at the expected revision. The envelopes are the events as
// Load would return them, but Created, which a store does not tell, is zero, and every Position is that of the last.
// It returns eventstore.ErrConflict, unless the very same ids stand at that place already: then it answers as it did
// the first time.
func (s *Store) Append(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft,
) (eventstore.Appended, []eventstore.Envelope, error) {
	records, envelopes, err := s.codec.Prepare(ctx, stream, expected, drafts)
	if err != nil {
		return eventstore.Appended{}, nil, err
	}
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, nil, errors.Join(eventstore.ErrUnavailable, err)
	}
	appended, err := s.write(stream, expected, records)
	if err != nil {
		return eventstore.Appended{}, nil, err
	}
	for i := range envelopes {
		envelopes[i].Position = appended.Position
	}
	return appended, envelopes, nil
}

// Log returns all events in the order they were stored, as they are stored.
func (s *Store) Log() []eventstore.Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

func (s *log) read(stream string, from uint64) []eventstore.Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	places := s.streams[stream]
	if from >= uint64(len(places)) {
		return nil
	}
	records := make([]eventstore.Recorded, 0, uint64(len(places))-from)
	for _, place := range places[from:] {
		records = append(records, s.events[place])
	}
	return records
}

func (s *log) write(stream string, expected eventstore.Expected, records []eventstore.Recorded,
) (eventstore.Appended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	places := s.streams[stream]
	next := int(expected) + 1
	switch {
	case next > len(places):
		return eventstore.Appended{}, eventstore.ErrConflict
	case next < len(places):
		last := next + len(records) - 1
		if last >= len(places) || !slices.Equal(ids(records), s.idsAt(places[next:last+1])) {
			return eventstore.Appended{}, eventstore.ErrConflict
		}
		return s.appended(places[last]), nil
	}
	for i, record := range records {
		at := uint64(len(s.events)) + 1
		record.Revision, record.Position, record.Created = uint64(next+i), eventstore.Position{Commit: at, Prepare: at}, s.now()
		places = append(places, len(s.events))
		s.events = append(s.events, record)
	}
	s.streams[stream] = places
	return s.appended(places[len(places)-1]), nil
}

func (s *log) appended(place int) eventstore.Appended {
	return eventstore.Appended{Revision: s.events[place].Revision, Position: s.events[place].Position}
}

func (s *log) idsAt(places []int) []uuid.UUID {
	found := make([]uuid.UUID, len(places))
	for i, place := range places {
		found[i] = s.events[place].ID
	}
	return found
}

func ids(records []eventstore.Recorded) []uuid.UUID {
	found := make([]uuid.UUID, len(records))
	for i, record := range records {
		found[i] = record.ID
	}
	return found
}
