package feed

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"am-user-management/internal/eventstore"
)

// Errors of waiting and of operators' calls. Compare with errors.Is; the details come with BehindError, HaltedError.
var (
	// ErrBehind: the projection did not reach the position in time.
	ErrBehind = errors.New("the projection has not come that far")
	// ErrHalted: the projection stands still at an event that it cannot apply.
	ErrHalted = errors.New("the projection is halted")
	// ErrTooManyWaiters: as many readers wait as may. It is an ErrBehind.
	ErrTooManyWaiters = fmt.Errorf("too many readers wait: %w", ErrBehind)
	// ErrUnknownProjection: no projection has this name.
	ErrUnknownProjection = errors.New("no projection has this name")
	// ErrNotHalted: the projection is not halted, or not at this event.
	ErrNotHalted = errors.New("the projection is not halted at this event")
	// ErrNotRebuildable: the projection keeps no table that could be made anew.
	ErrNotRebuildable = errors.New("the projection has no table to rebuild")
	// ErrRebuilding: the projection is being rebuilt already.
	ErrRebuilding = errors.New("the projection is being rebuilt")
)

// Halt is why a projection stands still: an event that it cannot apply, however often it tries.
type Halt struct {
	Event    uuid.UUID
	Stream   string
	Type     string // known on the instance that halted
	Position eventstore.Position
	Error    string
	At       time.Time
}

// longestError is how much of an error's text is kept, in bytes.
const longestError = 1000

// storable is an error's text as Postgres takes it: what halted a projection may be the text of an event.
func storable(text string) string {
	text = text[:min(len(text), longestError)]
	return strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
}

// HaltedError is ErrHalted with the event.
type HaltedError struct {
	Projection string
	Halt       Halt
}

// Error names the projection and the event.
func (e *HaltedError) Error() string {
	return fmt.Sprintf("projection %s is halted at event %s: %s", e.Projection, e.Halt.Event, e.Halt.Error)
}

// Unwrap is ErrHalted.
func (e *HaltedError) Unwrap() error { return ErrHalted }

// BehindError is ErrBehind with the positions.
type BehindError struct {
	Projection      string
	Current, Wanted eventstore.Position
}

// Error names the projection and the positions.
func (e *BehindError) Error() string {
	return fmt.Sprintf("projection %s is at %s, not yet at %s",
		e.Projection, positionText(e.Current), positionText(e.Wanted))
}

// Unwrap is ErrBehind.
func (e *BehindError) Unwrap() error { return ErrBehind }
