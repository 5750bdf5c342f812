package store

import (
	"log/slog"
	"sync"
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

func (f *failure) cause() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
