package projections

import (
	"sync"
	"time"

	"am-user-management/internal/eventstore"
)

// mostAhead is how many streams are remembered: far more than a projector in this process is ever behind, unless it
// stands still, and then it does not need to know.
const mostAhead = 1 << 16

// announcedTime is how long a projector waits for a row that is being written inline. It could write it too.
const announcedTime = 100 * time.Millisecond

// ahead are the streams whose rows are about to be brought up to date inline, or have been and stand on disk, until the
// projector of this process has come by. It saves the projector from writing every such row again.
type ahead struct {
	mu      sync.Mutex
	streams map[string]*reach
}

// reach is what is known of a stream.
type reach struct {
	writers int           // who is about to write its row inline
	written chan struct{} // closed when none does any more
	upTo    uint64        // the revision that its row has at least, if known
	known   bool
}

// announce says that events are about to be appended to a stream and then written to its row. It returns what to call
// when they are written, or will not be.
func (a *ahead) announce(stream string) (done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.writer(stream)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.ended(of)
		if of.writers == 0 && !of.known && a.streams[stream] == of {
			delete(a.streams, stream)
		}
	}
}

// begin says that the rows of some events are about to be written. It returns what to call with the outcome.
func (a *ahead) begin(events []eventstore.Envelope) (end func(error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	reaches := make([]*reach, len(events))
	for i := range events {
		reaches[i] = a.writer(events[i].Stream)
	}
	return func(err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for i, of := range reaches {
			if err == nil {
				of.upTo, of.known = max(of.upTo, events[i].Revision), true
			}
			a.ended(of)
		}
	}
}

func (a *ahead) writer(stream string) *reach {
	if a.streams == nil || len(a.streams) >= mostAhead {
		a.streams = make(map[string]*reach)
	}
	of := a.streams[stream]
	if of == nil {
		of = &reach{}
		a.streams[stream] = of
	}
	if of.writers == 0 {
		of.written = make(chan struct{})
	}
	of.writers++
	return of
}

func (a *ahead) ended(of *reach) {
	if of.writers--; of.writers == 0 {
		close(of.written)
	}
}

// take reports whether an event is in its row, and forgets the stream with its last event. It waits a little for those
// who are writing the row.
func (a *ahead) take(stream string, revision uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.streams[stream]
	if of != nil && of.writers > 0 && !of.has(revision) {
		written := of.written
		a.mu.Unlock()
		await(written)
		a.mu.Lock()
	}
	if of == nil || !of.has(revision) {
		return false
	}
	if revision == of.upTo && a.streams[stream] == of && of.writers == 0 {
		delete(a.streams, stream)
	}
	return true
}

func (r *reach) has(revision uint64) bool { return r.known && revision <= r.upTo }

func await(written <-chan struct{}) {
	timer := time.NewTimer(announcedTime)
	defer timer.Stop()
	select {
	case <-written:
	case <-timer.C:
	}
}

func (a *ahead) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.streams = nil
}
