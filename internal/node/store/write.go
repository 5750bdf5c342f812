package store

import "context"

type operation uint8

const (
	opAppend operation = iota
	opDelete
	opTombstone
)

// write is one request on its way through sequencer and committer.
type write struct {
	operation operation
	stream    string
	expected  Expected
	events    []Event

	// looked is the stream's head as the writer found it when everything up to position lookedAt was applied; nil if
	// it did not look. It spares the sequencer, which is alone, what writers can do side by side.
	looked   *head
	lookedAt uint64

	result Result
	err    error
	// answered gets one value when result and err are final and, for an accepted write, durable.
	answered chan struct{}
}

// Append adds all events to the stream or none. An append of no events checks the expectation and takes a position.
// Repeating an append gives its first result instead of a second copy: always at an exact revision or NoStream, and
// as long as the ids are in memory otherwise.
//
// It returns WrongRevisionError, StreamDeletedError, TooLargeError, InvalidError, ErrClosed, ErrFailed, or the
// context's error, after which the events may or may not become durable. The events must not be changed until then.
func (s *Store) Append(ctx context.Context, stream string, expected Expected, events []Event) (Result, error) {
	if err := s.checkAppend(stream, events); err != nil {
		return Result{}, err
	}
	return s.write(ctx, &write{operation: opAppend, stream: stream, expected: expected, events: events})
}

// Delete hides the stream's events, until it is appended to again; revisions then go on where they ended. It returns
// the position of the metadata event that does it, and the errors of Append.
func (s *Store) Delete(ctx context.Context, stream string, expected Expected) (Result, error) {
	if err := checkStreamName(stream); err != nil {
		return Result{}, err
	}
	return s.write(ctx, &write{operation: opDelete, stream: stream, expected: expected})
}

// Tombstone deletes the stream and its metadata for ever. It returns the position of the tombstone, and the errors of
// Append.
func (s *Store) Tombstone(ctx context.Context, stream string, expected Expected) (Result, error) {
	if err := checkStreamName(stream); err != nil {
		return Result{}, err
	}
	return s.write(ctx, &write{operation: opTombstone, stream: stream, expected: expected})
}

// Pending is an append on its way to the disk.
type Pending struct {
	store *Store
	write *write
}

// Begin is Append without waiting for the disk: it returns when the append has its place behind all that were begun
// earlier, so that one caller can have many on their way. Wait tells what has become of it.
func (s *Store) Begin(ctx context.Context, stream string, expected Expected, events []Event) (Pending, error) {
	if err := s.checkAppend(stream, events); err != nil {
		return Pending{}, err
	}
	w := &write{operation: opAppend, stream: stream, expected: expected, events: events}
	return Pending{store: s, write: w}, s.enqueue(ctx, w)
}

// Wait returns what Append would have. It may be called once.
func (p Pending) Wait(ctx context.Context) (Result, error) { return p.store.await(ctx, p.write) }

func (s *Store) write(ctx context.Context, w *write) (Result, error) {
	if err := s.enqueue(ctx, w); err != nil {
		return Result{}, err
	}
	return s.await(ctx, w)
}

// enqueue hands a write to the sequencer.
func (s *Store) enqueue(ctx context.Context, w *write) error {
	w.answered = make(chan struct{}, 1)
	if err := s.look(w); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return ErrClosed
	case <-s.failure.happened:
		return s.failed()
	default:
	}
	select {
	case s.queue <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return ErrClosed
	case <-s.failure.happened:
		return s.failed()
	}
}

// await waits until a write that was handed over is decided and durable.
func (s *Store) await(ctx context.Context, w *write) (Result, error) {
	select {
	case <-w.answered:
		return w.result, w.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	case <-s.failure.happened: // the database may never answer
		return Result{}, s.failed()
	case <-s.done:
	}
	select {
	case <-w.answered:
		return w.result, w.err
	default:
		return Result{}, ErrClosed
	}
}

// look finds the head of a stream that has not been written lately.
func (s *Store) look(w *write) error {
	if s.published.Contains(w.stream) {
		return nil
	}
	release, err := s.read()
	if err != nil {
		return err
	}
	defer release()
	w.lookedAt = s.applied.Load()
	h, err := loadHead(s.db, w.stream)
	if err != nil {
		return err
	}
	if w.looked = h; h == nil {
		w.looked = noHead()
	}
	return nil
}

func checkStreamName(stream string) error {
	if stream == "" || stream == metastreamPrefix {
		return &InvalidError{Reason: "stream name must not be empty"}
	}
	return nil
}

func (s *Store) checkAppend(stream string, events []Event) error {
	if err := checkStreamName(stream); err != nil {
		return err
	}
	size := 0
	for i := range events {
		switch {
		case events[i].ID == ID{}:
			return &InvalidError{Reason: "event id must not be empty"}
		case events[i].Type == "":
			return &InvalidError{Reason: "event type must not be empty"}
		}
		size += len(events[i].Data)
	}
	if size > s.limit {
		return &TooLargeError{Limit: s.limit, Size: size}
	}
	return nil
}
