package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// pageBytes ends a page early, so that large events do not pile up in memory.
const pageBytes = 1 << 20

// ReadForward fills the page with durable records from position on, at most limit, in the log's order. It returns the
// position to go on from, which is Last()+1 or more at the end of the log.
func (s *Store) ReadForward(page *Page, position uint64, limit int) (next uint64, err error) {
	page.reset()
	position = max(position, 1)
	if page.Records, page.FromMemory = s.recent.from(position, limit, page.Records); page.FromMemory {
		return position + uint64(len(page.Records)), nil
	}
	release, err := s.read()
	if err != nil {
		return position, err
	}
	defer release()
	last := s.Last()
	it, err := s.events(position, last+1)
	if err != nil {
		return position, err
	}
	size := 0
	for there := it.First(); position <= last && len(page.Records) < limit && size < pageBytes; there = it.Next() {
		record, err := page.decode(it, there, position)
		if err != nil {
			return position, closing(it, err)
		}
		position = record.Position + 1
		size += len(record.Wire)
	}
	return position, closing(it, it.Error())
}

// ReadBackward fills the page with durable records of positions lower than before, at most limit, the highest first.
// It returns the position to go on before; 0 at the beginning of the log.
func (s *Store) ReadBackward(page *Page, before uint64, limit int) (next uint64, err error) {
	page.reset()
	release, err := s.read()
	if err != nil {
		return before, err
	}
	defer release()
	before = min(before, s.Last()+1)
	it, err := s.events(1, before)
	if err != nil {
		return before, err
	}
	size := 0
	for there := it.Last(); before > 1 && len(page.Records) < limit && size < pageBytes; there = it.Prev() {
		record, err := page.decode(it, there, before-1)
		if err != nil {
			return before, closing(it, err)
		}
		before = record.Position
		size += len(record.Wire)
	}
	if before == 1 {
		before = 0
	}
	return before, closing(it, it.Error())
}

// events iterates over the positions low..high-1.
func (s *Store) events(low, high uint64) (*pebble.Iterator, error) {
	return s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendEventKey(nil, low),
		UpperBound: appendEventKey(nil, max(low, high)),
	})
}

// decode adds the record that the iterator is at, which must be there and at position: the log has no gaps.
func (p *Page) decode(it *pebble.Iterator, there bool, position uint64) (*Record, error) {
	value, err := valueAt(it, there, position)
	if err != nil {
		return nil, err
	}
	record := p.room()
	if err := decodeStored(record, position, p.bytes.copy(value)); err != nil {
		return nil, err
	}
	p.Records = append(p.Records, record)
	return record, nil
}

// valueAt returns the stored value of the event at position if that is where the iterator is.
func valueAt(it *pebble.Iterator, there bool, position uint64) (value []byte, err error) {
	if err = it.Error(); err == nil {
		if !there || len(it.Key()) != eventKeyLen || eventKeyPosition(it.Key()) != position {
			return nil, &CorruptError{What: fmt.Sprintf("event at position %d is missing", position)}
		}
		value, err = it.ValueAndErr()
	}
	if err != nil {
		return nil, unreadable(fmt.Sprintf("event at position %d", position), err)
	}
	return value, nil
}
