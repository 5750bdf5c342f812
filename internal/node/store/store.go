package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
)

// Store is an open event log. Its methods may be called from any goroutine.
type Store struct {
	db     *pebble.DB
	lock   *pebble.Lock
	logger *slog.Logger
	clock  func() time.Time
	limit  int
	watch  func(stream string) bool

	// queue leads to the sequencer, commits from there to the committer.
	queue   chan *write
	commits chan *group
	// closing ends the acceptance of writes, done tells that the last one was answered.
	closing   chan struct{}
	done      chan struct{}
	closeOnce sync.Once
	closeErr  error
	// reading is held while the database is read, and for good once it is closed.
	reading sync.RWMutex
	closed  bool

	recent *recent
	// applied is the last position that the database can be asked for, durable or not.
	applied atomic.Uint64
	// published holds the heads of streams written lately, as far as they are durable.
	published *lru.Cache[string, *head]
	// watched is the position of the last durable change of a stream that is watched.
	watched atomic.Uint64
	failure *failure
}

// Open opens the log in the folder, creating it if it is not there. It returns an error that is ErrLocked if another
// store has the folder open. What it costs does not depend on how much the log holds.
func Open(options Options) (*Store, error) {
	options = withDefaults(options)
	if err := options.FS.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create event store folder %s: %w", options.Dir, err)
	}
	lock, err := pebble.LockDirectory(options.Dir, options.FS)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("lock event store folder %s: %w", options.Dir, err)
		}
		return nil, fmt.Errorf("%w: %s (%w)", ErrLocked, options.Dir, err)
	}
	s, err := open(options, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func withDefaults(o Options) Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the default of who runs a node of their own
	}
	if o.NewID == nil {
		o.NewID = func() ID { return ID(uuid.New()) }
	}
	if o.MaxAppendSize == 0 {
		o.MaxAppendSize = defaultMaxAppendSize
	}
	if o.Watch == nil {
		o.Watch = func(string) bool { return false }
	}
	return o
}

func open(options Options, lock *pebble.Lock) (*Store, error) {
	failure := newFailure(options.Logger)
	db, err := openPebble(options, lock, failure)
	if err != nil {
		return nil, fmt.Errorf("open event store in %s: %w", options.Dir, err)
	}
	last, err := lastPosition(db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	published, err := lru.New[string, *head](headCacheEntries)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &Store{
		db: db, lock: lock, logger: options.Logger, clock: options.Clock, limit: options.MaxAppendSize,
		watch: options.Watch,
		queue: make(chan *write, queueLength), commits: make(chan *group, groupsInFlight),
		closing: make(chan struct{}), done: make(chan struct{}),
		recent: newRecent(last), published: published, failure: failure,
	}
	s.applied.Store(last)
	sequencer, err := newSequencer(s, last, options.NewID)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go sequencer.run()
	go s.commit()
	return s, nil
}

// Last returns the position of the last durable record, 0 if there is none.
func (s *Store) Last() uint64 { return s.recent.last() }

// Watched returns a number that differs from an earlier one if a watched stream has changed in between. A change counts
// no later than its writer hears of it, so who caches what a stream says, and asks for this number before looking, never
// serves what an acknowledged write has replaced.
func (s *Store) Watched() uint64 { return s.watched.Load() }

// Wait returns nil as soon as a durable record beyond position exists, or ErrClosed, ErrFailed or the context's error.
func (s *Store) Wait(ctx context.Context, position uint64) error {
	for {
		news, there := s.recent.after(position)
		if there {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return ErrClosed
		case <-s.failure.happened:
			return ErrFailed
		}
	}
}

// Failed returns a channel that is closed when the store has stopped because of a disk error; Err then tells why.
func (s *Store) Failed() <-chan struct{} { return s.failure.happened }

// MaxAppendSize is the most bytes of event data in one append.
func (s *Store) MaxAppendSize() int { return s.limit }

// Err returns why the store has failed, or nil if it has not.
func (s *Store) Err() error { return s.failure.cause() }

// Close answers the writes that were accepted, waits for running reads and closes the files. Later calls get
// ErrClosed.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		<-s.done
		s.reading.Lock()
		defer s.reading.Unlock()
		s.closed = true
		s.closeErr = errors.Join(s.flush(), s.db.Close(), s.lock.Close())
	})
	return s.closeErr
}

// flush spares the next start the replay of a long write-ahead log.
func (s *Store) flush() error {
	if s.failure.cause() == nil && s.db.Metrics().MemTable.Size >= flushOnCloseAbove {
		return s.db.Flush()
	}
	return nil
}

// read keeps the database open until release is called.
func (s *Store) read() (release func(), err error) {
	s.reading.RLock()
	if s.closed {
		s.reading.RUnlock()
		return nil, ErrClosed
	}
	return s.reading.RUnlock, nil
}
