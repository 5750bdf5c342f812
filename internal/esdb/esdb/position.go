package esdb

import (
	"strconv"
	"strings"
)

// StreamPosition is a place in one stream to read or subscribe from: Start,
// End or a StreamRevision.
type StreamPosition interface {
	inStream() (anchor, uint64)
}

// AllPosition is a place in the log of all streams to read or subscribe from:
// Start, End or a Position.
type AllPosition interface {
	inAll() (anchor, Position)
}

// ExpectedRevision is what a writer believes about a stream: Any, NoStream,
// StreamExists or a StreamRevision.
type ExpectedRevision interface {
	expected() (expectation, uint64)
}

type anchor int

const (
	atStart anchor = iota
	atEnd
	atPosition
)

type expectation int

const (
	expectAny expectation = iota
	expectNoStream
	expectExists
	expectRevision
)

// Start is before the first event.
type Start struct{}

func (Start) inStream() (anchor, uint64) { return atStart, 0 }
func (Start) inAll() (anchor, Position)  { return atStart, Position{} }

// End is behind the last event.
type End struct{}

func (End) inStream() (anchor, uint64) { return atEnd, 0 }
func (End) inAll() (anchor, Position)  { return atEnd, Position{} }

// StreamRevision is the number of an event in its stream, counted from 0.
type StreamRevision struct {
	Value uint64
}

// Revision is the StreamRevision of that value.
func Revision(value uint64) StreamRevision { return StreamRevision{Value: value} }

func (r StreamRevision) inStream() (anchor, uint64)      { return atPosition, r.Value }
func (r StreamRevision) expected() (expectation, uint64) { return expectRevision, r.Value }

// Position is the place of an event in the log of all streams. Its zero value
// is the start.
type Position struct {
	Commit  uint64
	Prepare uint64
}

func (p Position) inAll() (anchor, Position) { return atPosition, p }

// Any expects nothing.
type Any struct{}

func (Any) expected() (expectation, uint64) { return expectAny, 0 }

// NoStream expects that the stream has no events.
type NoStream struct{}

func (NoStream) expected() (expectation, uint64) { return expectNoStream, 0 }

// StreamExists expects that the stream has events or metadata.
type StreamExists struct{}

func (StreamExists) expected() (expectation, uint64) { return expectExists, 0 }

// Direction is the order in which events are read.
type Direction int

const (
	// Forwards reads towards the end.
	Forwards Direction = iota
	// Backwards reads towards the start.
	Backwards
)

// ParseStreamPosition reads a position as the server writes it: Start, End, a
// StreamRevision or a *Position. Errors have code Parsing.
func ParseStreamPosition(text string) (interface{}, error) {
	switch text {
	case "0", "C:0/P:0":
		return Start{}, nil
	case "-1", "C:-1/P:-1":
		return End{}, nil
	}
	if revision, err := strconv.ParseUint(text, 10, 64); err == nil {
		return Revision(revision), nil
	}
	commitText, prepareText, found := strings.Cut(text, "/")
	commitText, hasCommit := strings.CutPrefix(commitText, "C:")
	prepareText, hasPrepare := strings.CutPrefix(prepareText, "P:")
	if !found || !hasCommit || !hasPrepare {
		return nil, failure(ErrorCodeParsing, "%q is not a position", text)
	}
	commit, err := strconv.ParseUint(commitText, 10, 64)
	if err != nil {
		return nil, failure(ErrorCodeParsing, "commit position of %q: %w", text, err)
	}
	prepare, err := strconv.ParseUint(prepareText, 10, 64)
	if err != nil {
		return nil, failure(ErrorCodeParsing, "prepare position of %q: %w", text, err)
	}
	return &Position{Commit: commit, Prepare: prepare}, nil
}
