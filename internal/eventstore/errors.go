package eventstore

import (
	"errors"
	"fmt"
)

// The outcomes of a call to a store that a caller can act upon. Adapters wrap them; compare with errors.Is.
var (
	// ErrConflict: the stream was not at the expected revision; nothing was written. Load again and decide again.
	ErrConflict = errors.New("the stream is not at the expected revision")
	// ErrUnknownOutcome: the append may have happened or may still happen. Repeat the same append, with the same ids.
	ErrUnknownOutcome = errors.New("it is unknown whether the append happened")
	// ErrUnavailable: the store does not answer; of an append: it did not happen.
	ErrUnavailable = errors.New("the event store is not available")
	// ErrTombstoned: the stream was deleted for good.
	ErrTombstoned = errors.New("the stream was deleted for good")
	// ErrTooLarge: the append exceeds the store's limit of bytes; nothing was written.
	ErrTooLarge = errors.New("the append is larger than the store takes")
	// ErrErased: the events tell about somebody who was erased; nothing was written, and nothing ever will be.
	ErrErased = errors.New("the person was erased")
	// ErrDenied: the store's access rules forbid it to this account.
	ErrDenied = errors.New("the event store denies access")
)

// UnknownTypeError is an event whose type, or whose schema version, this program does not know. It is never skipped.
type UnknownTypeError struct {
	Type    string
	Version int
}

// Error names the type.
func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("event type %q (schema version %d) is not known to this program", e.Type, e.Version)
}
