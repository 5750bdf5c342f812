// Package reference is the rules of the store over slices, without groups, caches or a disk: what random tests compare
// the store and the node with. Only tests import it.
package reference

import (
	"math"
	"slices"

	"am-user-management/internal/node/store"
)

// Store is a store in memory.
type Store struct {
	streams map[string]*stream
	base    uint64
	log     []Entry
	// known are ids written since the start, each where it was written first.
	known map[store.ID]place
}

// Entry is what the log holds at a position.
type Entry struct {
	// Stream is empty at a position where no reader of the log sees an event.
	Stream   string
	Revision int64
	// ID is the nil one if the store drew it itself.
	ID store.ID
}

type stream struct {
	ids        []store.ID
	positions  []uint64
	metadata   map[string]int64
	tombstoned bool
}

// deletion stands for the id that a deletion or a tombstone gets, which no event had before.
var deletion = []store.ID{{0xff}}

type place struct {
	stream   string
	revision int
}

// Kind says how a write ended.
type Kind int

// The ends of a write.
const (
	Accepted Kind = iota
	WrongRevision
	StreamDeleted
)

// Outcome is what a write is answered. The result of one that was refused is the stream's last revision.
type Outcome struct {
	Kind Kind
	store.Result
}

// New returns an empty store whose first position follows base.
func New(base uint64) *Store {
	return &Store{streams: map[string]*stream{}, base: base, known: map[store.ID]place{}}
}

// Restart forgets what is not kept over a restart.
func (m *Store) Restart() { m.known = map[store.ID]place{} }

// Skip takes a position with something that no reader of the log sees.
func (m *Store) Skip() { m.log = append(m.log, Entry{}) }

// Log returns what is at each position past the base.
func (m *Store) Log() []Entry { return m.log }

// Last returns the last position.
func (m *Store) Last() uint64 { return m.base + uint64(len(m.log)) }

func (m *Store) stream(name string) *stream {
	if m.streams[name] == nil {
		m.streams[name] = &stream{}
	}
	return m.streams[name]
}

func (s *stream) last() int64       { return int64(len(s.ids)) - 1 }
func (s *stream) softDeleted() bool { return s.metadata["$tb"] == math.MaxInt64 }

// first is the lowest visible revision.
func (s *stream) first() int64 {
	first := s.metadata["$tb"]
	if count := s.metadata["$maxCount"]; count > 0 {
		first = max(first, s.last()-count+1)
	}
	return max(first, 0)
}

func (m *Store) add(name string, id store.ID) uint64 {
	s := m.stream(name)
	m.log = append(m.log, Entry{Stream: name, Revision: int64(len(s.ids)), ID: id})
	if _, there := m.known[id]; !there && id != (store.ID{}) {
		m.known[id] = place{stream: name, revision: len(s.ids)}
	}
	s.ids = append(s.ids, id)
	s.positions = append(s.positions, m.Last())
	return m.Last()
}

// check gives the outcome of a write that is refused or repeats an earlier one, and false if it is to be done.
func (m *Store) check(name string, expected store.Expected, ids []store.ID) (Outcome, bool) {
	s := m.stream(name)
	wrong := Outcome{Kind: WrongRevision, Result: store.Result{Revision: s.last()}}
	if s.tombstoned || expected == store.StreamExists && s.softDeleted() {
		return Outcome{Kind: StreamDeleted}, true
	}
	if expected == store.StreamExists && s.last() < 0 && s.metadata == nil {
		return wrong, true
	}
	if expected == store.Any || expected == store.StreamExists {
		for i, id := range ids {
			at, there := m.known[id]
			there = there && at.stream == name
			switch {
			case !there && i == 0:
				return Outcome{}, false
			case !there:
				return wrong, true
			case i == len(ids)-1:
				return m.repeated(s, at.revision), true
			}
		}
		return Outcome{}, false
	}
	if int64(expected) == s.last() {
		return Outcome{}, false
	}
	if int64(expected) > s.last() {
		return wrong, true
	}
	from := int(expected) + 1
	end := from + len(ids)
	switch {
	case len(ids) > 0 && end <= len(s.ids) && slices.Equal(s.ids[from:end], ids):
		return m.repeated(s, end-1), true
	case expected == store.NoStream && s.softDeleted() && len(ids) > 0 && s.ids[0] != ids[0]:
		return Outcome{}, false
	}
	return wrong, true
}

func (m *Store) repeated(s *stream, revision int) Outcome {
	result := store.Result{Revision: int64(revision)}
	if int64(revision) >= s.first() {
		result.Position = s.positions[revision]
	}
	return Outcome{Result: result}
}

// Append writes events with these ids.
func (m *Store) Append(name string, expected store.Expected, ids []store.ID) Outcome {
	if refused, done := m.check(name, expected, ids); done {
		return refused
	}
	s := m.stream(name)
	first, lift := s.last()+1, s.softDeleted()
	if len(ids) == 0 {
		m.Skip()
	}
	position := m.Last()
	for _, id := range ids {
		position = m.add(name, id)
	}
	if lift {
		m.add("$$"+name, store.ID{})
		s.metadata = map[string]int64{"$tb": first}
	}
	return Outcome{Result: store.Result{Revision: s.last(), Position: position}}
}

// SetMetadata appends an event with this id and these fields to a stream's metastream, at any revision.
func (m *Store) SetMetadata(name string, id store.ID, fields map[string]int64) Outcome {
	s := m.stream(name)
	if s.tombstoned {
		return Outcome{Kind: StreamDeleted}
	}
	position := m.add("$$"+name, id)
	revision := m.stream("$$" + name).last()
	if s.softDeleted() {
		m.add("$$"+name, store.ID{})
		fields["$tb"] = s.last() + 1
	}
	s.metadata = fields
	return Outcome{Result: store.Result{Revision: revision, Position: position}}
}

// Delete hides a stream until it is written to again.
func (m *Store) Delete(name string, expected store.Expected) Outcome {
	s := m.stream(name)
	if !s.tombstoned && s.last() < 0 && s.metadata == nil {
		return Outcome{Kind: WrongRevision, Result: store.Result{Revision: -1}}
	}
	if refused, done := m.check(name, expected, deletion); done {
		return refused
	}
	position := m.add("$$"+name, store.ID{})
	s.metadata = map[string]int64{"$tb": math.MaxInt64}
	return Outcome{Result: store.Result{Revision: -1, Position: position}}
}

// Tombstone closes a stream for ever.
func (m *Store) Tombstone(name string, expected store.Expected) Outcome {
	if refused, done := m.check(name, expected, deletion); done {
		return refused
	}
	s := m.stream(name)
	s.tombstoned = true
	m.log = append(m.log, Entry{Stream: name, Revision: store.TombstoneRevision})
	return Outcome{Result: store.Result{Revision: s.last(), Position: m.Last()}}
}

// View is what a reader of a stream meets.
type View struct {
	Found, Tombstoned bool
	Last              int64
	// Visible are the events that can be read; of a metastream only the last.
	Visible []Entry
	// Positions are theirs.
	Positions []uint64
}

// View returns what a reader of the stream meets.
func (m *Store) View(name string) View {
	s, base := m.stream(name), m.stream(name)
	first := s.first()
	if store.IsMetastream(name) {
		first, base = max(s.last(), 0), m.stream(name[len("$$"):])
	}
	v := View{Found: s.last() >= 0 && !s.softDeleted(), Tombstoned: base.tombstoned, Last: s.last()}
	if !v.Found || v.Tombstoned || first > s.last() {
		return v
	}
	for revision := first; revision <= s.last(); revision++ {
		v.Visible = append(v.Visible, Entry{Stream: name, Revision: revision, ID: s.ids[revision]})
		v.Positions = append(v.Positions, s.positions[revision])
	}
	return v
}
