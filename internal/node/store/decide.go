package store

// decide checks one write against the newest state and, if it is accepted, adds its records to the group. An error
// that is neither WrongRevisionError nor StreamDeletedError means that the database cannot be read.
func (q *sequencer) decide(w *write) error {
	h, err := q.headFor(w)
	if err != nil {
		return err
	}
	if tombstoned, err := q.tombstoned(w.stream, h); err != nil {
		return err
	} else if tombstoned {
		return &StreamDeletedError{Stream: w.stream}
	}
	repeated, err := q.check(w, h)
	if err != nil || repeated {
		return err
	}
	switch w.operation {
	case opDelete:
		return q.delete(w)
	case opTombstone:
		return q.tombstone(w, h)
	default:
		return q.append(w, h)
	}
}

// tombstoned tells whether the stream, or the stream whose metadata it holds, is deleted for good.
func (q *sequencer) tombstoned(stream string, h *head) (bool, error) {
	if h.tombstoned || !IsMetastream(stream) {
		return h.tombstoned, nil
	}
	base, err := q.head(metastreamBase(stream))
	if err != nil {
		return false, err
	}
	return base.tombstoned, nil
}

// check holds the order of tests of an expected revision. It returns true if the write repeats an earlier one, whose
// result it has then set.
func (q *sequencer) check(w *write, h *head) (repeated bool, err error) {
	wrong := &WrongRevisionError{Stream: w.stream, Expected: w.expected, Current: h.last}
	switch {
	case w.expected == StreamExists && h.softDeleted():
		return false, &StreamDeletedError{Stream: w.stream}
	case w.expected == StreamExists && !h.exists():
		return false, wrong
	case w.operation == opDelete && !h.exists():
		return false, wrong
	case w.expected == Any || w.expected == StreamExists:
		return q.repeatsByID(w, h, wrong)
	case int64(w.expected) < h.last:
		same, err := q.repeatsByPosition(w, h)
		switch {
		case err != nil:
			return false, err
		case same > 0 && same == len(w.events):
			return true, q.setRepeated(w, h, int64(w.expected)+int64(same))
		case same == 0 && w.expected == NoStream && h.softDeleted() && (len(w.events) > 0 || w.operation != opAppend):
			return false, nil
		}
		return false, wrong
	case int64(w.expected) > h.last:
		return false, wrong
	}
	return false, nil
}

// append adds the write's events, and lifts a soft deletion.
func (q *sequencer) append(w *write, h *head) error {
	now := q.store.clock()
	if len(w.events) == 0 {
		position, err := q.placeVoid()
		w.result = Result{Revision: h.last, Position: position}
		if err != nil || !h.softDeleted() {
			return err
		}
		return q.undelete(w.stream, h.last+1, now)
	}
	first := h.last + 1
	next := *h
	var record *Record
	for i := range w.events {
		next.last++
		var err error
		if record, err = q.place(&w.events[i], w.stream, uint64(next.last), now); err != nil {
			return err
		}
	}
	next.position = record.Position
	q.group.changed[w.stream] = &next
	w.result = Result{Revision: next.last, Position: record.Position}
	if IsMetastream(w.stream) {
		return q.metadataWritten(metastreamBase(w.stream), record, now)
	}
	if h.softDeleted() {
		return q.undelete(w.stream, first, now)
	}
	return nil
}

func (q *sequencer) delete(w *write) error {
	event := Event{ID: q.newID(), Type: MetadataType, JSON: true, Data: deletedMetadata()}
	record, err := q.placeMetadata(w.stream, &event, q.store.clock())
	if err != nil {
		return err
	}
	w.result = Result{Revision: -1, Position: record.Position}
	return nil
}

func (q *sequencer) tombstone(w *write, h *head) error {
	event := Event{ID: q.newID(), Type: TombstoneType}
	record, err := q.place(&event, w.stream, TombstoneRevision, q.store.clock())
	if err != nil {
		return err
	}
	next := *h
	next.tombstoned, next.position = true, record.Position
	q.group.changed[w.stream] = &next
	w.result = Result{Revision: h.last, Position: record.Position}
	return nil
}
