package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
)

// Store is an open event log. Its methods may be called from any goroutine.
type Store struct {
	db     *pebble.DB
	lock   io.Closer
	mark   *mark // of the committer's, until it has ended
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

// Open opens the log in the folder, creating it if it is not there. What it costs does not depend on how much the log
// holds. It returns an error that is ErrLocked if another store has the folder open, a CorruptError if the log has lost
// what was durable or cannot be read, and then is left as it was, or what the disk said: a NoRoomError if it is full.
func Open(options Options) (*Store, error) {
	options = withDefaults(options)
	if err := makeDir(options.FS, options.Dir); err != nil {
		return nil, fmt.Errorf("create event store folder %s: %w", options.Dir, explainRoom(options, err))
	}
	lock, err := lockDir(options)
	if err != nil {
		return nil, explainRoom(options, err)
	}
	s, err := open(options, lock)
	if err != nil {
		return nil, errors.Join(explainRoom(options, err), lock.Close())
	}
	return s, nil
}

// lockDir takes the lock that Pebble would take; see stoppingFS.Lock.
func lockDir(options Options) (io.Closer, error) {
	lock, err := options.FS.Lock(options.FS.PathJoin(options.Dir, "LOCK"))
	switch {
	case err == nil:
		return lock, nil
	case isRefusal(err):
		return nil, fmt.Errorf("lock event store folder %s: %w", options.Dir, err)
	}
	return nil, fmt.Errorf("%w: %s (%w)", ErrLocked, options.Dir, err)
}

// isRefusal tells a lock that could not be asked for from one that somebody else has.
func isRefusal(err error) bool {
	for _, refusal := range []error{fs.ErrPermission, fs.ErrNotExist, syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
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
	if o.MemTableBytes == 0 {
		o.MemTableBytes = defaultMemTableBytes
	}
	return o
}

func open(options Options, lock io.Closer) (*Store, error) {
	mark, err := findMark(options)
	if err != nil {
		return nil, fmt.Errorf("open event store in %s: %w", options.Dir, err)
	}
	failure := newFailure(options)
	db, err := openPebble(options, failure)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open event store in %s: %w", options.Dir, err), mark.close())
	}
	s, err := start(options, lock, failure, db, mark)
	if err != nil {
		return nil, errors.Join(err, db.Close(), mark.close())
	}
	return s, nil
}

// findMark returns the mark of a folder, a new one if the folder is new, and sees that the log goes as far.
func findMark(options Options) (*mark, error) {
	mark, err := openMark(options.FS, options.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := beginMark(options); err != nil {
			return nil, err
		}
		return openMark(options.FS, options.Dir)
	case err != nil:
		return nil, err
	}
	if err := checkEnd(options, mark.position); err != nil {
		return nil, errors.Join(err, mark.close())
	}
	return mark, nil
}

func start(options Options, lock io.Closer, failure *failure, db *pebble.DB, mark *mark) (*Store, error) {
	last, err := lastPosition(db)
	if err != nil {
		return nil, fmt.Errorf("open event store in %s: %w", options.Dir, err)
	}
	published, err := lru.New[string, *head](headCacheEntries)
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: db, lock: lock, mark: mark, logger: options.Logger, clock: options.Clock, limit: options.MaxAppendSize,
		watch: options.Watch,
		queue: make(chan *write, queueLength), commits: make(chan *group, groupsInFlight),
		closing: make(chan struct{}), done: make(chan struct{}),
		recent: newRecent(last), published: published, failure: failure,
	}
	s.applied.Store(last)
	sequencer, err := newSequencer(s, last, options.NewID)
	if err != nil {
		return nil, err
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
			return s.failed()
		}
	}
}

// Failed returns a channel that is closed when the store has stopped because of a disk error; Err then tells why.
func (s *Store) Failed() <-chan struct{} { return s.failure.happened }

// MaxAppendSize is the most bytes of event data in one append.
func (s *Store) MaxAppendSize() int { return s.limit }

// Err returns why the store has failed, or nil if it has not.
func (s *Store) Err() error { return s.failure.cause() }

// failed is ErrFailed with its cause.
func (s *Store) failed() error { return fmt.Errorf("%w: %w", ErrFailed, s.failure.cause()) }

// Close answers the writes that were accepted, waits for running reads and closes the files. Later calls get
// ErrClosed. After a failure it only lets others have the folder.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		select {
		case <-s.done:
		case <-s.failure.happened:
		}
		s.reading.Lock()
		defer s.reading.Unlock()
		s.closed = true
		s.closeErr = errors.Join(s.closeDatabase(), s.lock.Close())
	})
	return s.closeErr
}

// closeDatabase leaves the database alone if it has failed, or fails on the way; see stoppingFS.
func (s *Store) closeDatabase() error {
	if s.failure.cause() != nil {
		return nil //nolint:nilerr // who owns the store has been told
	}
	closed := make(chan error, 1)
	go func() { closed <- errors.Join(s.flush(), s.db.Close(), s.mark.close()) }()
	select {
	case err := <-closed:
		return err
	case <-s.failure.happened:
		return s.failed()
	}
}

// flush spares the next start the replay of a long write-ahead log.
func (s *Store) flush() error {
	if s.db.Metrics().MemTable.Size >= flushOnCloseAbove {
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
