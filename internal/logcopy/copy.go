package logcopy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

const (
	// runEvents and runBytes bound what is appended in one call: below any server's limit of a megabyte, unless one event
	// alone is larger.
	runEvents = 1000
	runBytes  = 512 << 10
	// appendTime bounds one try of an append.
	appendTime = 30 * time.Second
)

// Options say how to copy.
type Options struct {
	// Follow goes on copying what is written meanwhile and later, until ctx ends.
	Follow bool
	// FillGaps puts placeholders where the log lacks events of a stream, because they were scavenged: in the copy they
	// would move all later revisions. Without it such a log is refused by a *GapError.
	FillGaps bool
	// Verified and Copied hear about each event: that the copy has it already, or has it now. Caught
	// hears, of a copy that follows, that it has come to the end of the log. Each may be nil.
	Verified, Copied func(*Event)
	Caught           func()
}

// Result is what a copy did.
type Result struct {
	// Verified is how many events the copy had already, Copied how many it got, Placeholders how many of those that it
	// has stand for none. Calls is how many appends it took.
	Verified, Copied, Placeholders, Calls uint64
}

// GapError is a stream that lacks events: they were scavenged after it was truncated.
type GapError struct {
	Stream  string
	Missing uint64 // how many
	Before  uint64 // the revision of the event that follows the gap
}

// Error says what to do about it.
func (e *GapError) Error() string {
	return fmt.Sprintf("stream %s lacks the %d events before revision %d, which were scavenged: a copy without them would have "+
		"other revisions; --fill-gaps keeps their places by empty events of type %s", e.Stream, e.Missing, e.Before, placeholderType)
}

// Copy makes the second log the same as the first, in the order of the first. A log that has the beginning of it
// already is gone through event by event and continued; one that has anything else is refused by a *DifferenceError, and
// nothing is written. It can be stopped at any moment, by ctx or by force, and started again.
//
// Only one append is ever on its way: a store promises no order between two. Consecutive events of one stream go in one
// append. Each is at an exact revision, so that repeating it after a lost answer changes nothing.
func Copy(ctx context.Context, from, to *Log, o Options) (Result, error) {
	c := &copying{to: to, options: o}
	source, target := from.Read(ctx, o.Follow), to.Read(ctx, false)
	defer source.Close()
	defer target.Close()
	if err := c.verify(source, target); err != nil {
		return c.result, err
	}
	err := c.copy(ctx, source)
	if err != nil && (!o.Follow || !errors.Is(err, context.Canceled)) {
		return c.result, err
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), appendTime)
	defer cancel()
	return c.result, c.checkEnd(ending)
}

type copying struct {
	to      *Log
	options Options
	result  Result
	run     []*Event
	bytes   int
	last    *Event // that the copy has
}

// verify passes what both logs have. What the source hands out next is what the copy lacks.
func (c *copying) verify(source, target *Reader) error {
	walk := NewWalk(source, target, c.to.KeepsTimes())
	for {
		if _, err := target.Peek(); errors.Is(err, io.EOF) {
			break
		}
		if !walk.Next() {
			break
		}
		c.last = walk.Pair().A
		if c.options.Verified != nil {
			c.options.Verified(c.last)
		}
	}
	c.result.Verified, c.result.Placeholders = walk.Equal(), walk.Placeholders()
	err := walk.Err()
	var difference *DifferenceError
	switch {
	case !errors.As(err, &difference):
		return err // nil, or why a log cannot be read: that says nothing about what it holds
	case difference.B == nil:
		return nil // placeholders were the last that the target has
	}
	return fmt.Errorf("the target holds something else: %w", err)
}

// copy appends whatever the source hands out.
func (c *copying) copy(ctx context.Context, source *Reader) error {
	for {
		event, err := source.Next()
		if ctx.Err() != nil { // what the reader had fetched can wait as well
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			return c.flush(ctx)
		}
		if errors.Is(err, errLive) {
			if err := c.flush(ctx); err != nil {
				return err
			}
			if err := c.checkEnd(ctx); err != nil { // whoever waits for news would never hear of it
				return err
			}
			if c.options.Caught != nil {
				c.options.Caught()
			}
			continue
		}
		if err != nil {
			return err
		}
		if !c.fits(event) {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
		c.run = append(c.run, event)
		c.bytes += len(event.Data) + len(event.UserMetadata) + len(event.EventType)
		if source.Idle() && c.options.Follow || event.EventType == tombstoneType {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// fits reports whether an event can be appended together with those that wait.
func (c *copying) fits(event *Event) bool {
	if len(c.run) == 0 {
		return true
	}
	last := c.run[len(c.run)-1]
	return event.StreamID == last.StreamID && event.EventNumber == last.EventNumber+1 && event.EventType != tombstoneType &&
		len(c.run) < runEvents && c.bytes+len(event.Data)+len(event.UserMetadata)+len(event.EventType) <= runBytes &&
		(!c.to.KeepsTimes() || event.CreatedDate.Equal(last.CreatedDate))
}

// flush appends what waits.
func (c *copying) flush(ctx context.Context) error {
	if len(c.run) == 0 {
		return nil
	}
	if c.to.keepTime != nil {
		c.to.keepTime(c.run[0].CreatedDate)
	}
	if err := c.write(ctx, c.run); err != nil {
		return fmt.Errorf("copy %s: %w", describe(c.run[0]), err)
	}
	for _, event := range c.run {
		c.result.Copied++
		if c.options.Copied != nil {
			c.options.Copied(event)
		}
	}
	c.last = c.run[len(c.run)-1]
	c.run, c.bytes = c.run[:0], 0
	return nil
}

func (c *copying) write(ctx context.Context, run []*Event) error {
	stream, first := run[0].StreamID, run[0].EventNumber
	if run[0].EventType == tombstoneType {
		return c.to.tombstone(ctx, stream)
	}
	events := make([]esdb.EventData, len(run))
	for i, event := range run {
		events[i] = esdb.EventData{
			EventID: event.EventID, EventType: event.EventType, Data: event.Data, Metadata: event.UserMetadata,
			ContentType: esdb.ContentTypeBinary,
		}
		if event.ContentType == jsonType {
			events[i].ContentType = esdb.ContentTypeJson
		}
	}
	c.result.Calls++
	err := c.to.append(ctx, stream, before(first), events)
	if !hasCode(err, esdb.ErrorCodeWrongExpectedVersion) {
		return err
	}
	next, err := c.to.nextRevision(ctx, stream)
	if err != nil {
		return err
	}
	if next < first {
		return c.fill(ctx, stream, next, first, events)
	}
	return c.accept(ctx, run)
}

// fill puts placeholders before events, in the call that appends those if there are few.
func (c *copying) fill(ctx context.Context, stream string, next, first uint64, events []esdb.EventData) error {
	if !c.options.FillGaps {
		return &GapError{Stream: stream, Missing: first - next, Before: first}
	}
	for next < first {
		part := make([]esdb.EventData, 0, runEvents)
		expected := before(next)
		for ; next < first && len(part) < runEvents; next++ {
			part = append(part, placeholder(stream, next))
		}
		c.result.Placeholders += uint64(len(part))
		if next == first { // a metastream's placeholder must not be in force for a moment
			part = append(part, events...)
		}
		c.result.Calls++
		if err := c.to.append(ctx, stream, expected, part); err != nil {
			return err
		}
	}
	return nil
}

// accept looks at what the target has in the place of a run, and appends what follows it. It may be there because the
// server wrote it by itself, when an event before it was copied.
func (c *copying) accept(ctx context.Context, run []*Event) error {
	there, err := c.to.readStream(ctx, run[0].StreamID, run[0].EventNumber, uint64(len(run)))
	if err != nil {
		return err
	}
	for i, event := range there {
		if what := different(run[i], event, false); what != "" {
			return &DifferenceError{Number: c.result.Verified + c.result.Copied, What: what, A: run[i], B: event}
		}
	}
	if len(there) == 0 {
		return fmt.Errorf("the target has other events at %s@%d, and hides them", run[0].StreamID, run[0].EventNumber)
	}
	if rest := run[len(there):]; len(rest) > 0 {
		return c.write(ctx, rest)
	}
	return nil
}

// checkEnd makes sure that nobody else wrote to the target meanwhile.
func (c *copying) checkEnd(ctx context.Context) error {
	last, err := c.to.last(ctx)
	switch {
	case err != nil:
		return err
	case last == nil && c.last == nil:
		return nil
	case last != nil && serverMade(last): // it may have been written by the target itself
		return nil
	case last == nil || c.last == nil || different(c.last, last, false) != "":
		return fmt.Errorf("somebody else writes to the target: its last event is %s, the last that was copied is %s",
			describe(last), describe(c.last))
	}
	return nil
}

// before is what an append expects whose first event is to have a revision.
func before(revision uint64) esdb.ExpectedRevision {
	if revision == 0 {
		return esdb.NoStream{}
	}
	return esdb.Revision(revision - 1)
}
