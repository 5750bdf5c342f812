package store

import (
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Stream is what a reader sees of one stream at one moment.
type Stream struct {
	Name string
	// Tombstoned tells that the stream, or the one whose metadata it holds, is deleted for good.
	Tombstoned bool
	// SoftDeleted tells that the stream is deleted but may be created again.
	SoftDeleted bool
	// First is the lowest revision that metadata does not hide, apart from age; it may lie beyond Last.
	First int64
	// Last is the last revision, -1 if there is no event.
	Last int64
	// Position is that of the log's end at that moment, or before: later records are not in this view.
	Position uint64

	cut cut
	now time.Time
}

// Found tells whether a read of the stream finds it.
func (v *Stream) Found() bool { return v.Last >= 0 && !v.SoftDeleted }

// Stream looks at a stream as far as it is durable.
func (s *Store) Stream(ctx context.Context, name string) (*Stream, error) {
	view := &Stream{Name: name, Position: s.Last(), Last: -1, now: s.clock()}
	h, err := s.durableHead(ctx, name)
	if err != nil {
		return nil, err
	}
	view.Tombstoned, view.SoftDeleted = h.tombstoned, h.softDeleted()
	view.First, view.Last, view.cut = h.first(), h.last, h.cut
	if IsMetastream(name) {
		base, err := s.durableHead(ctx, metastreamBase(name))
		if err != nil {
			return nil, err
		}
		view.Tombstoned = view.Tombstoned || base.tombstoned
		view.First = max(h.last, 0)
	}
	return view, nil
}

// durableHead returns a head without changes that could still be lost; never nil.
func (s *Store) durableHead(ctx context.Context, name string) (*head, error) {
	if h, there := s.published.Get(name); there {
		return h, nil
	}
	h, err := s.loadedHead(name)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return noHead(), nil
	}
	if h.position > s.Last() {
		return h, s.Wait(ctx, h.position-1)
	}
	return h, nil
}

func (s *Store) loadedHead(name string) (*head, error) {
	release, err := s.read()
	if err != nil {
		return nil, err
	}
	defer release()
	return loadHead(s.db, name)
}

// ReadStream fills the page with the visible events of the revisions from..to, both inclusive, the highest first if
// backwards.
func (s *Store) ReadStream(page *Page, view *Stream, from, to int64, backwards bool) error {
	page.reset()
	from, to = max(from, view.First), min(to, view.Last)
	if view.SoftDeleted || from > to {
		return nil
	}
	release, err := s.read()
	if err != nil {
		return err
	}
	defer release()
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendStreamKey(nil, view.Name, uint64(from)),
		UpperBound: appendStreamKey(nil, view.Name, uint64(to)+1),
	})
	if err != nil {
		return err
	}
	step, there, revision, left := it.Next, false, from, to-from+1
	if backwards {
		step, there, revision = it.Prev, it.Last(), to
	} else {
		there = it.First()
	}
	for ; left > 0; left-- {
		if err := s.readAt(page, view, it, there, uint64(revision)); err != nil {
			return closing(it, err)
		}
		if revision++; backwards {
			revision -= 2
		}
		there = step()
	}
	return closing(it, it.Error())
}

// readAt adds the event that the index iterator is at, which must be there and of that revision: streams have no gaps.
func (s *Store) readAt(page *Page, view *Stream, it *pebble.Iterator, there bool, revision uint64) error {
	value, err := indexAt(it, there, view.Name, revision)
	if err != nil {
		return err
	}
	position, err := decodePosition(view.Name, revision, value)
	if err != nil {
		return err
	}
	record := s.recent.at(position)
	if record == nil {
		record = page.room()
		if err := loadAt(s.db, position, record, &page.bytes); err != nil {
			return err
		}
	}
	if err := checkIndex(record, view.Name, revision); err != nil {
		return err
	}
	if !view.cut.expired(record.Created, view.now) {
		page.Records = append(page.Records, record)
	}
	return nil
}

// indexAt returns the stored value of the index of a stream's revision if that is where the iterator is.
func indexAt(it *pebble.Iterator, there bool, stream string, revision uint64) (value []byte, err error) {
	what := func() string { return fmt.Sprintf("index of stream %q at revision %d", stream, revision) }
	if err = it.Error(); err == nil {
		if !there || streamKeyRevision(it.Key()) != revision {
			return nil, &CorruptError{What: what() + " is missing"}
		}
		value, err = it.ValueAndErr()
	}
	if err != nil {
		return nil, unreadable(what(), err)
	}
	return value, nil
}

// LastRevision stands for that of a stream's last event.
const LastRevision = -1

// Event returns the event of one revision, or nil if it is not there or not visible.
func (s *Store) Event(ctx context.Context, stream string, revision int64) (*Record, error) {
	view, err := s.Stream(ctx, stream)
	if err != nil || view.Tombstoned {
		return nil, err
	}
	if revision == LastRevision {
		revision = view.Last
	}
	var page Page
	if err := s.ReadStream(&page, view, revision, revision, false); err != nil || len(page.Records) == 0 {
		return nil, err
	}
	return page.Records[0], nil
}
