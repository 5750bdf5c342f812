package store

// repeatsByID decides on an append at any revision: it repeats an earlier one if the ids of all its events were
// written to this stream lately.
func (q *sequencer) repeatsByID(w *write, h *head, wrong error) (bool, error) {
	for i := range w.events {
		entry, known := q.ids.find(w.events[i].ID, w.stream)
		switch {
		case !known && i == 0:
			return false, nil
		case !known:
			return false, wrong
		case i == len(w.events)-1:
			return true, q.setRepeated(w, h, entry.revision)
		}
	}
	return false, nil
}

// repeatsByPosition counts how many of the write's events, from the first on, are those that follow the expected
// revision. It reads the log, so it holds for any age.
func (q *sequencer) repeatsByPosition(w *write, h *head) (int, error) {
	for i := range w.events {
		revision := int64(w.expected) + 1 + int64(i)
		if revision > h.last {
			return i, nil
		}
		record, err := q.record(w.stream, uint64(revision))
		if err != nil {
			return 0, err
		}
		if record.ID != w.events[i].ID {
			return i, nil
		}
	}
	return len(w.events), nil
}

// setRepeated answers w with the revision and position of its last event as first written. A truncated event has no
// position any more; metadata that was replaced counts as truncated.
func (q *sequencer) setRepeated(w *write, h *head, revision int64) error {
	w.result = Result{Revision: revision}
	if revision < h.first() || IsMetastream(w.stream) && revision < h.last {
		return nil
	}
	record, err := q.record(w.stream, uint64(revision))
	if err != nil {
		return err
	}
	if !h.cut.expired(record.Created, q.store.clock()) {
		w.result.Position = record.Position
	}
	return nil
}

// recentIDs remembers the newest event ids, the oldest forgotten first.
type recentIDs struct {
	known map[ID]idEntry
	order []ID
	// oldest is the place in order that is overwritten next, once order is full.
	oldest int
	limit  int
}

type idEntry struct {
	stream   string
	revision int64
}

func newRecentIDs(limit int) *recentIDs {
	return &recentIDs{known: map[ID]idEntry{}, limit: limit}
}

// add remembers an id. One that is known keeps its first place.
func (r *recentIDs) add(id ID, stream string, revision int64) {
	if _, there := r.known[id]; there {
		return
	}
	r.known[id] = idEntry{stream: stream, revision: revision}
	if len(r.order) < r.limit {
		r.order = append(r.order, id)
		return
	}
	delete(r.known, r.order[r.oldest])
	r.order[r.oldest] = id
	r.oldest = (r.oldest + 1) % r.limit
}

func (r *recentIDs) find(id ID, stream string) (idEntry, bool) {
	entry, there := r.known[id]
	return entry, there && entry.stream == stream
}
