package store

import "sync"

// recent keeps the last durable records in memory, one copy for all live subscribers, and wakes those that wait.
// Positions are dense, so a record's place follows from its position.
type recent struct {
	mu sync.RWMutex
	// ring holds the records of positions first..next-1, that of p at p % len(ring).
	ring  []*Record
	first uint64
	next  uint64
	bytes int
	// news is closed and replaced when next moves.
	news chan struct{}
}

func newRecent(last uint64) *recent {
	return &recent{ring: make([]*Record, recentRecords), first: last + 1, next: last + 1, news: make(chan struct{})}
}

// publish makes records visible. They must follow what was published before.
func (r *recent) publish(records []*Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range records {
		slot := &r.ring[record.Position%recentRecords]
		if *slot != nil {
			r.bytes -= len((*slot).Wire)
			r.first = (*slot).Position + 1
		}
		*slot = record
		r.bytes += len(record.Wire)
		r.next = record.Position + 1
	}
	for r.bytes > recentBytes && r.first < r.next {
		slot := &r.ring[r.first%recentRecords]
		r.bytes -= len((*slot).Wire)
		*slot = nil
		r.first++
	}
	close(r.news)
	r.news = make(chan struct{})
}

func (r *recent) last() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.next - 1
}

// after tells whether a record beyond position is durable, and if not, gives the channel that is closed at the next.
func (r *recent) after(position uint64) (<-chan struct{}, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.news, r.next-1 > position
}

// from appends records from position on, at most limit, to out. It reports false if position has left the memory.
func (r *recent) from(position uint64, limit int, out []*Record) ([]*Record, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if position < r.first {
		return out, false
	}
	for ; position < r.next && limit > 0; limit-- {
		out = append(out, r.ring[position%recentRecords])
		position++
	}
	return out, true
}

// at returns the record at position if it is in memory.
func (r *recent) at(position uint64) *Record {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if position < r.first || position >= r.next {
		return nil
	}
	return r.ring[position%recentRecords]
}
