package store

import (
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// openPebble opens the database for writing. When the disk refuses what is to be written at the start it returns the
// failure's cause, and leaves the database waiting: see stoppingFS. Whoever gets that error is about to give up.
func openPebble(options Options, failure *failure) (*pebble.DB, error) {
	type result struct {
		db  *pebble.DB
		err error
	}
	opened := make(chan result, 1)
	go func() {
		db, err := pebble.Open(options.Dir, pebbleOptions(options, failure))
		opened <- result{db: db, err: err}
	}()
	select {
	case r := <-opened:
		if err := failure.cause(); err != nil {
			return nil, err
		}
		return r.db, r.err
	case <-failure.happened:
		return nil, failure.cause()
	}
}

// openReadOnly opens a database that is there and writes nothing.
func openReadOnly(options Options) (*pebble.DB, error) {
	readOnly := pebbleOptions(options, newFailure(options))
	readOnly.ReadOnly = true
	return pebble.Open(options.Dir, readOnly)
}

func pebbleOptions(options Options, failure *failure) *pebble.Options {
	pebbleOptions := &pebble.Options{
		FS:                          stoppingFS{FS: options.FS, failure: failure},
		CacheSize:                   cacheBytes,
		MemTableSize:                uint64(options.MemTableBytes),
		MemTableStopWritesThreshold: memTables,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      pebbleLogger{logger: options.Logger, failure: failure},
		EventListener: &pebble.EventListener{
			BackgroundError: failure.inBackground,
			DataCorruption: func(found pebble.DataCorruptionInfo) { // else it were fatal
				options.Logger.Error("event store found damage in a file", "file", found.Path, "error", found.Details.Error())
			},
		},
	}
	for i := range pebbleOptions.Levels {
		pebbleOptions.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBitsPerKey)
		pebbleOptions.Levels[i].BlockSize = blockBytes
		pebbleOptions.Levels[i].IndexBlockSize = indexBlockBytes
	}
	return pebbleOptions
}

// lastPosition finds the end of the log by one seek.
func lastPosition(db *pebble.DB) (position uint64, err error) {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventPrefix}, UpperBound: []byte{eventPrefix + 1}})
	if err != nil {
		return 0, err
	}
	if it.Last() {
		if len(it.Key()) != eventKeyLen {
			return 0, closing(it, &CorruptError{What: "key of the last event"})
		}
		position = eventKeyPosition(it.Key())
	}
	return position, unreadable("end of the log", closing(it, it.Error()))
}

// closing closes it and returns err, or what closing it returned.
func closing(it *pebble.Iterator, err error) error {
	if closeErr := it.Close(); err == nil {
		return closeErr
	}
	return err
}

// pebbleLogger makes what Pebble calls fatal (a commit or manifest that could not be written) the store's failure:
// the program around it decides whether to end.
type pebbleLogger struct {
	logger  *slog.Logger
	failure *failure
}

func (l pebbleLogger) Infof(format string, args ...any) {
	l.logger.Debug("pebble", "text", fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.logger.Error("pebble", "text", fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.failure.set(fmt.Errorf(format, args...))
}
