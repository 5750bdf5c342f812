package projections

import (
	"sync"

	"am-user-management/internal/eventstore"
)

// mostAhead is how many streams are remembered: far more than a projector in this process is ever behind, unless it
// stands still, and then it does not need to know.
const mostAhead = 1 << 16

// ahead are the streams whose rows are being brought up to date inline, or have been and stand on disk, until the
// projector of this process has come by. It saves the projector from writing every such row again.
type ahead struct {
	mu      sync.Mutex
	streams map[string]*reach
}

// reach is what is known of a stream.
type reach struct {
	writers int           // who writes its row inline right now
	written chan struct{} // closed when none does any more
	upTo    uint64        // the revision that its row has at least, if known
	known   bool
}

// begin says that the rows of some events are about to be written. It returns what to call with the outcome.
func (a *ahead) begin(events []eventstore.Envelope) (end func(error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.streams == nil || len(a.streams)+len(events) > mostAhead {
		a.streams = make(map[string]*reach)
	}
	reaches := make([]*reach, len(events))
	for i := range events {
		of := a.streams[events[i].Stream]
		if of == nil {
			of = &reach{}
			a.streams[events[i].Stream] = of
		}
		if of.writers == 0 {
			of.written = make(chan struct{})
		}
		of.writers++
		reaches[i] = of
	}
	return func(err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for i, of := range reaches {
			if err == nil {
				of.upTo, of.known = max(of.upTo, events[i].Revision), true
			}
			if of.writers--; of.writers == 0 {
				close(of.written)
			}
		}
	}
}

// take reports whether an event is in its row, and forgets the stream with its last event. It waits for those who are
// writing the row: they wait for nobody but Postgres.
func (a *ahead) take(stream string, revision uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.streams[stream]
	if of != nil && of.writers > 0 {
		written := of.written
		a.mu.Unlock()
		<-written
		a.mu.Lock()
	}
	if of == nil || !of.known || revision > of.upTo {
		return false
	}
	if revision == of.upTo && a.streams[stream] == of && of.writers == 0 {
		delete(a.streams, stream)
	}
	return true
}

func (a *ahead) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.streams = nil
}
