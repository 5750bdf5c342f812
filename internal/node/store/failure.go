package store

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// failure holds the first error that made the store stop.
type failure struct {
	options  Options
	happened chan struct{}

	mu  sync.Mutex
	err error
}

func newFailure(options Options) *failure {
	return &failure{options: options, happened: make(chan struct{})}
}

// set records err unless an earlier one is known.
func (f *failure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return
	}
	err = explainRoom(f.options, err)
	f.err = err
	f.options.Logger.Error("event store stopped: a write could not be made durable", "error", err)
	close(f.happened)
}

// inBackground is told of a flush or compaction that did not work. Pebble tries again, and lets writers wait meanwhile,
// for as long as a full disk stays full; stopping tells them. Damage is left to whoever reads it: stopping would not
// undo it.
func (f *failure) inBackground(err error) {
	if !pebble.IsCorruptionError(err) {
		f.set(err)
	}
}

func (f *failure) cause() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
