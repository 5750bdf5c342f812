package store

import (
	"encoding/binary"
	"errors"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// sequencer gives every write its place. It runs in one goroutine and owns the newest state of all streams, ahead of
// what is durable.
type sequencer struct {
	store *Store
	newID func() ID
	// next is the position that the next record gets.
	next uint64
	// heads are those of streams seen lately, with all changes of earlier groups.
	heads *simplelru.LRU[string, *head]
	// forgotten is the latest change of any head that has left heads.
	forgotten uint64
	ids       *recentIDs
	group     *group
	key       []byte
	value     []byte
}

// group is what one sync makes durable.
type group struct {
	// batch is nil if nothing is to be written.
	batch   *pebble.Batch
	writes  []*write
	records []*Record
	// changed are the heads that the group's records change.
	changed map[string]*head
	bytes   int
}

func newSequencer(s *Store, last uint64, newID func() ID) (*sequencer, error) {
	q := &sequencer{store: s, newID: newID, next: last + 1, ids: newRecentIDs(idCacheEntries)}
	var err error
	q.heads, err = simplelru.NewLRU(headCacheEntries, func(_ string, h *head) { q.forgotten = max(q.forgotten, h.position) })
	return q, err
}

// run builds groups until the store closes. It ends by closing commits.
func (q *sequencer) run() {
	defer close(q.store.commits)
	for {
		select {
		case w := <-q.store.queue:
			q.build(w)
		case <-q.store.closing:
			q.refuseQueued()
			return
		}
	}
}

// refuseQueued answers the writes that were queued when the store closed.
func (q *sequencer) refuseQueued() {
	for {
		select {
		case w := <-q.store.queue:
			w.err = ErrClosed
			w.answered <- struct{}{}
		default:
			return
		}
	}
}

// build makes a group of first and all writes that wait behind it, starts its way to the disk and hands it over.
//
// It lets writers that are ready to run go first: they queue up, and one batch, one sync and one hand-over serve them
// all. Where nobody else is ready, that takes no time.
func (q *sequencer) build(first *write) {
	for range yields {
		runtime.Gosched()
	}
	q.group = &group{changed: map[string]*head{}}
	q.take(first)
	for waiting := true; waiting && len(q.group.writes) < groupWrites && q.group.bytes < groupBytes; {
		select {
		case w := <-q.store.queue:
			q.take(w)
		default:
			waiting = false
		}
	}
	if err := q.start(); err != nil {
		q.store.failure.set(err)
	}
	q.store.commits <- q.group
}

// take decides on one write. Its answer waits for the whole group, and so for everything that decided it.
func (q *sequencer) take(w *write) {
	q.group.writes = append(q.group.writes, w)
	placed := len(q.group.records)
	if err := q.decide(w); err != nil {
		w.err = err
		var wrong *WrongRevisionError
		var deleted *StreamDeletedError
		var corrupt *CorruptError
		switch {
		case errors.As(err, &wrong), errors.As(err, &deleted):
		case errors.As(err, &corrupt) && len(q.group.records) == placed:
			// Writes that need not read what is damaged go on.
		default:
			q.store.failure.set(err)
		}
	}
}

// start applies the group's batch. The database syncs it while the next group is built.
func (q *sequencer) start() error {
	g := q.group
	if g.batch == nil {
		return nil
	}
	for name, h := range g.changed {
		q.key = appendHeadKey(q.key[:0], name)
		q.value = h.encode(q.value[:0])
		q.value = seal(q.value, q.key, q.value)
		if err := g.batch.Set(q.key, q.value, nil); err != nil {
			return err
		}
		q.heads.Add(name, h)
	}
	if q.store.failure.cause() != nil {
		return nil //nolint:nilerr // whoever waits is told of the failure where the group is answered
	}
	if err := q.store.db.ApplyNoSyncWait(g.batch, pebble.Sync); err != nil {
		return err
	}
	q.store.applied.Store(q.next - 1)
	return nil
}

// headFor returns the newest head of the write's stream, never nil. If the sequencer has none in memory, it takes the
// one that the writer has looked up, unless the stream may have changed since then.
func (q *sequencer) headFor(w *write) (*head, error) {
	if h, there := q.known(w.stream); there {
		return h, nil
	}
	if w.looked != nil && w.lookedAt >= q.forgotten {
		return w.looked, nil
	}
	return q.head(w.stream)
}

// head returns the newest head of a stream, never nil.
func (q *sequencer) head(name string) (*head, error) {
	if h, there := q.known(name); there {
		return h, nil
	}
	h, err := loadHead(q.store.db, name)
	if err != nil {
		return nil, err
	}
	if h == nil {
		h = noHead()
	}
	q.heads.Add(name, h)
	return h, nil
}

// known returns a head that is in memory, with all changes up to now.
func (q *sequencer) known(name string) (*head, bool) {
	if h, there := q.group.changed[name]; there {
		return h, true
	}
	return q.heads.Get(name)
}

// place adds one event to the group at the next position.
func (q *sequencer) place(e *Event, stream string, revision uint64, now time.Time) (*Record, error) {
	record := encodeRecord(e, stream, revision, q.next, ticksOf(now))
	if err := q.set(record); err != nil {
		return nil, err
	}
	q.key = appendStreamKey(q.key[:0], stream, revision)
	q.value = binary.BigEndian.AppendUint64(q.value[:0], record.Position)
	if err := q.group.batch.Set(q.key, q.value, nil); err != nil {
		return nil, err
	}
	q.ids.add(e.ID, stream, int64(revision))
	return record, nil
}

// placeVoid takes a position for an append of no events.
func (q *sequencer) placeVoid() (uint64, error) {
	record := &Record{Position: q.next}
	return record.Position, q.set(record)
}

func (q *sequencer) set(record *Record) error {
	if q.group.batch == nil {
		q.group.batch = q.store.db.NewBatch()
	}
	q.next++
	q.key = appendEventKey(q.key[:0], record.Position)
	q.group.records = append(q.group.records, record)
	q.group.bytes += len(record.Wire)
	entry := q.group.batch.SetDeferred(len(q.key), len(record.Wire)+checksumLen)
	copy(entry.Key, q.key)
	seal(append(entry.Value[:0], record.Wire...), q.key, record.Wire)
	return entry.Finish()
}
