package store

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrLocked reports that another store, in this process or another, has the folder open.
	ErrLocked = errors.New("event store folder is in use by another process")
	// ErrNoLog reports a folder that is not there or holds no log.
	ErrNoLog = errors.New("there is no event store")
	// ErrClosed reports a call on a store that was closed or is closing.
	ErrClosed = errors.New("event store is closed")
	// ErrFailed reports a call on a store that stopped because the disk refused a write. Whether the writes that got
	// this answer are durable is unknown until the store is opened again.
	ErrFailed = errors.New("event store has failed")
)

// WrongRevisionError reports that a stream is not where the writer expected it.
type WrongRevisionError struct {
	Stream   string
	Expected Expected
	// Current is the stream's last revision, or -1 if it has none.
	Current int64
}

func (e *WrongRevisionError) Error() string {
	return fmt.Sprintf("stream %q: expected version %d, actual version %d", e.Stream, e.Expected, e.Current)
}

// StreamDeletedError reports that a stream is tombstoned, or is soft-deleted where it was expected to exist.
type StreamDeletedError struct {
	Stream string
}

func (e *StreamDeletedError) Error() string {
	return fmt.Sprintf("event stream %q is deleted", e.Stream)
}

// TooLargeError reports that the data of one append exceeds the limit, both in bytes.
type TooLargeError struct {
	Limit int
	Size  int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("append of %d bytes exceeds the maximum of %d", e.Size, e.Limit)
}

// InvalidError reports a request that no state of the store could accept.
type InvalidError struct {
	Reason string
}

func (e *InvalidError) Error() string { return e.Reason }

// CorruptError reports that the log does not hold what was written to it. What is damaged is never handed out.
type CorruptError struct {
	// What names the damaged part: a position, a stream's revision, a file.
	What string
	// Err is the database's own error, which names file and place; nil if it sees nothing wrong.
	Err error
}

func (e *CorruptError) Error() string {
	if e.Err == nil {
		return "event store is corrupt: " + e.What
	}
	reason, _, _ := strings.Cut(e.Err.Error(), "\n") // the database puts its call stack below
	return fmt.Sprintf("event store is corrupt: %s: %s", e.What, reason)
}

// Unwrap returns Err.
func (e *CorruptError) Unwrap() error { return e.Err }
