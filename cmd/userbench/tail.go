package main

import "sync"

// tail is a log in memory, for those who follow it: events come in any order and are seen in the order of positions,
// which begin at 1.
type tail struct {
	mu     sync.Mutex
	events [][]byte
	early  map[uint64][]byte
	more   chan struct{} // closed when there is more
}

func newTail() *tail { return &tail{early: make(map[uint64][]byte), more: make(chan struct{})} }

func (t *tail) add(position uint64, data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.early[position] = data
	grown := false
	for {
		next := uint64(len(t.events)) + 1
		data, there := t.early[next]
		if !there {
			break
		}
		delete(t.early, next)
		t.events, grown = append(t.events, data), true
	}
	if grown {
		close(t.more)
		t.more = make(chan struct{})
	}
}

// after returns the events past so many, and what will be closed when there are more.
func (t *tail) after(seen int) ([][]byte, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.events[min(seen, len(t.events)):], t.more
}
