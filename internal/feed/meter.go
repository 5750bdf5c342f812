package feed

import (
	"sync"
	"time"
)

// meterSeconds is how far back a rate looks.
const meterSeconds = 10

// meter counts events, in all and over the last seconds.
type meter struct {
	now func() time.Time

	mu      sync.Mutex
	started int64 // the second of the first event
	total   uint64
	last    int
	seconds [meterSeconds]struct {
		second int64
		events int
	}
}

// add counts a batch.
func (m *meter) add(events int) {
	second := m.now().Unix()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.total == 0 {
		m.started = second
	}
	m.total += uint64(events)
	m.last = events
	slot := &m.seconds[second%meterSeconds]
	if slot.second != second {
		slot.second, slot.events = second, 0
	}
	slot.events += events
}

// read returns all events ever, those per second lately, and the size of the last batch.
func (m *meter) read() (total uint64, perSecond float64, last int) {
	second := m.now().Unix()
	m.mu.Lock()
	defer m.mu.Unlock()
	events := 0
	for _, slot := range m.seconds {
		if slot.second > second-meterSeconds {
			events += slot.events
		}
	}
	span := min(max(second-m.started+1, 1), meterSeconds)
	return m.total, float64(events) / float64(span), m.last
}
