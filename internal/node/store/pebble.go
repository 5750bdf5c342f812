package store

import (
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

func openPebble(options Options, lock *pebble.Lock, failure *failure) (*pebble.DB, error) {
	cache := pebble.NewCache(cacheBytes)
	defer cache.Unref()
	pebbleOptions := &pebble.Options{
		FS:                          options.FS,
		Lock:                        lock,
		Cache:                       cache,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: memTables,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      pebbleLogger{logger: options.Logger, failure: failure},
	}
	for i := range pebbleOptions.Levels {
		pebbleOptions.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBitsPerKey)
		pebbleOptions.Levels[i].BlockSize = blockBytes
		pebbleOptions.Levels[i].IndexBlockSize = indexBlockBytes
	}
	return pebble.Open(options.Dir, pebbleOptions)
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
	return position, closing(it, it.Error())
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
