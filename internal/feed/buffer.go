package feed

import (
	"sync"

	"am-user-management/internal/eventstore"
)

// buffer stands between the stream, which is read ahead, and the batches, which are taken one at a time. It holds no
// more than a batch and what is read ahead for the next: a full buffer stops the reader, and with it, by the flow
// control of its connection, the store.
type buffer struct {
	maxEvents, maxBytes int

	mu     sync.Mutex
	items  []Item
	bytes  int
	err    error
	filled chan struct{} // something to take, or the end
	space  chan struct{} // something was taken
}

func newBuffer(maxEvents, maxBytes int) *buffer {
	return &buffer{
		maxEvents: maxEvents,
		maxBytes:  maxBytes,
		filled:    make(chan struct{}, 1),
		space:     make(chan struct{}, 1),
	}
}

// put adds an item as soon as there is room; false when done ended the wait.
func (b *buffer) put(done <-chan struct{}, item Item) bool {
	for !b.offer(item) {
		select {
		case <-b.space:
		case <-done:
			return false
		}
	}
	signal(b.filled)
	return true
}

func (b *buffer) offer(item Item) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := len(b.items) - 1; last >= 0 && !item.HasEvent && !b.items[last].HasEvent {
		b.items[last] = item // only the later position is of use
		return true
	}
	if len(b.items) >= b.maxEvents || len(b.items) > 0 && b.bytes+item.size() > b.maxBytes {
		return false
	}
	b.items = append(b.items, item)
	b.bytes += item.size()
	return true
}

// end says why nothing follows.
func (b *buffer) end(err error) {
	b.mu.Lock()
	b.err = err
	b.mu.Unlock()
	signal(b.filled)
}

// take returns everything that is there as one batch, which is within the limits because the buffer is. Without
// anything there it returns false, and the error that ended the stream if one did.
func (b *buffer) take() (Batch, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) == 0 {
		return Batch{}, false, b.err
	}
	batch := Batch{Last: b.items[len(b.items)-1].At}
	batch.Events = make([]eventstore.Recorded, 0, len(b.items))
	for i := range b.items {
		if b.items[i].HasEvent {
			batch.Events = append(batch.Events, b.items[i].Event)
		}
	}
	clear(b.items) // the batch alone keeps the events alive
	b.items, b.bytes = b.items[:0], 0
	signal(b.space)
	return batch, true, nil
}

// signal leaves a note in a channel of one place, if there is none yet.
func signal(note chan struct{}) {
	select {
	case note <- struct{}{}:
	default:
	}
}
