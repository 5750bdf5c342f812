package store_test

import (
	"fmt"
	"math"
	"slices"

	"am-user-management/internal/node/store"
)

// model is the rules of a store over slices, without groups, caches or a disk.
type model struct {
	streams map[string]*modelStream
	// log names the event at each position.
	log []string
	// known are ids written since the start, each where it was written first.
	known map[store.ID]place
}

type modelStream struct {
	ids        []store.ID
	positions  []uint64
	metadata   map[string]int64
	tombstoned bool
}

type place struct {
	stream   string
	revision int
}

type kind int

const (
	accepted kind = iota
	wrongRevision
	streamDeleted
)

type outcome struct {
	kind kind
	store.Result
}

func newModel() *model {
	return &model{streams: map[string]*modelStream{}, known: map[store.ID]place{}}
}

func (m *model) stream(name string) *modelStream {
	if m.streams[name] == nil {
		m.streams[name] = &modelStream{}
	}
	return m.streams[name]
}

func (s *modelStream) last() int64       { return int64(len(s.ids)) - 1 }
func (s *modelStream) softDeleted() bool { return s.metadata["$tb"] == math.MaxInt64 }

// first is the lowest visible revision.
func (s *modelStream) first() int64 {
	first := s.metadata["$tb"]
	if count := s.metadata["$maxCount"]; count > 0 {
		first = max(first, s.last()-count+1)
	}
	return max(first, 0)
}

func (m *model) add(name string, id store.ID) uint64 {
	s := m.stream(name)
	m.log = append(m.log, fmt.Sprintf("%s@%d", name, len(s.ids)))
	if _, there := m.known[id]; !there && id != (store.ID{}) {
		m.known[id] = place{stream: name, revision: len(s.ids)}
	}
	s.ids = append(s.ids, id)
	s.positions = append(s.positions, uint64(len(m.log)))
	return uint64(len(m.log))
}

// check gives the outcome of a write that is refused or repeats an earlier one, and false if it is to be done.
func (m *model) check(name string, expected store.Expected, ids []store.ID) (outcome, bool) {
	s := m.stream(name)
	wrong := outcome{kind: wrongRevision, Result: store.Result{Revision: s.last()}}
	if s.tombstoned || expected == store.StreamExists && s.softDeleted() {
		return outcome{kind: streamDeleted}, true
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
				return outcome{}, false
			case !there:
				return wrong, true
			case i == len(ids)-1:
				return m.repeated(s, at.revision), true
			}
		}
		return outcome{}, false
	}
	if int64(expected) == s.last() {
		return outcome{}, false
	}
	if int64(expected) > s.last() {
		return wrong, true
	}
	from := int(expected) + 1
	end := from + len(ids)
	switch {
	case len(ids) > 0 && end <= len(s.ids) && slices.Equal(s.ids[from:end], ids):
		return m.repeated(s, end-1), true
	case expected == store.NoStream && s.softDeleted() && (len(ids) == 0 || s.ids[0] != ids[0]):
		return outcome{}, false
	}
	return wrong, true
}

func (m *model) repeated(s *modelStream, revision int) outcome {
	result := store.Result{Revision: int64(revision)}
	if int64(revision) >= s.first() {
		result.Position = s.positions[revision]
	}
	return outcome{Result: result}
}

func (m *model) append(name string, expected store.Expected, ids []store.ID) outcome {
	if refused, done := m.check(name, expected, ids); done {
		return refused
	}
	s := m.stream(name)
	if len(ids) == 0 {
		m.log = append(m.log, "@0")
		return outcome{Result: store.Result{Revision: s.last(), Position: uint64(len(m.log))}}
	}
	first, lift := s.last()+1, s.softDeleted()
	var position uint64
	for _, id := range ids {
		position = m.add(name, id)
	}
	if lift {
		m.add("$$"+name, store.ID{})
		s.metadata = map[string]int64{"$tb": first}
	}
	return outcome{Result: store.Result{Revision: s.last(), Position: position}}
}

func (m *model) setMetadata(name string, id store.ID, fields map[string]int64) outcome {
	s := m.stream(name)
	if s.tombstoned {
		return outcome{kind: streamDeleted}
	}
	position := m.add("$$"+name, id)
	revision := m.stream("$$" + name).last()
	if s.softDeleted() {
		m.add("$$"+name, store.ID{})
		fields["$tb"] = s.last() + 1
	}
	s.metadata = fields
	return outcome{Result: store.Result{Revision: revision, Position: position}}
}

func (m *model) delete(name string, expected store.Expected) outcome {
	s := m.stream(name)
	if !s.tombstoned && s.last() < 0 && s.metadata == nil {
		return outcome{kind: wrongRevision, Result: store.Result{Revision: -1}}
	}
	if refused, done := m.check(name, expected, nil); done {
		return refused
	}
	position := m.add("$$"+name, store.ID{})
	s.metadata = map[string]int64{"$tb": math.MaxInt64}
	return outcome{Result: store.Result{Revision: -1, Position: position}}
}

func (m *model) tombstone(name string, expected store.Expected) outcome {
	if refused, done := m.check(name, expected, nil); done {
		return refused
	}
	s := m.stream(name)
	s.tombstoned = true
	m.log = append(m.log, fmt.Sprintf("%s@%d", name, int64(math.MaxInt64)))
	return outcome{Result: store.Result{Revision: s.last(), Position: uint64(len(m.log))}}
}

// visible lists the ids that a reader of the stream gets; of a metastream only the last.
func (m *model) visible(name string) []store.ID {
	s := m.stream(name)
	first := s.first()
	if name[0] == '$' {
		first = max(s.last(), 0)
	}
	if s.tombstoned || s.softDeleted() || first > s.last() {
		return nil
	}
	return s.ids[first:]
}
