package store

import (
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// failure holds the first error that made the store stop.
type failure struct {
	logger   *slog.Logger
	happened chan struct{}

	mu  sync.Mutex
	err error
}

func newFailure(logger *slog.Logger) *failure {
	return &failure{logger: logger, happened: make(chan struct{})}
}

// set records err unless an earlier one is known.
func (f *failure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return
	}
	f.err = err
	f.logger.Error("event store stopped: a write could not be made durable", "error", err)
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
