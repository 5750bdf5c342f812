// Package group is the state of one persistent subscription: which events wait, which consumer has which, what is
// done. It decides everything and does nothing: reading events, writing checkpoints and parked events, sending and the
// time come from outside, so that every rule can be tested without a disk, a network or a clock.
//
// What it holds in memory is bounded by the group's settings: as many events wait as its buffer takes, and as many are
// out as its consumers have slots. A group without consumers asks for no events at all.
package group

import (
	"errors"
	"time"

	"am-user-management/internal/node/store"
)

// ErrFull refuses a consumer because the group has as many as it may.
var ErrFull = errors.New("group has its maximum number of consumers")

// maxWaitingBytes bounds the events that wait for a consumer, beside the number that the settings allow.
const maxWaitingBytes = 4 << 20

// Group is the state of one persistent subscription. It must not be used by several goroutines at once. Times are
// those that have passed since any fixed moment.
type Group struct {
	settings Settings
	strategy strategy

	// consumers are in the order in which they came.
	consumers []*Consumer

	// fresh are events that no consumer has had yet, retrying those that come again or are replayed. They wait in the
	// order in which they will be handed out, the retrying ones first.
	fresh        []*entry
	retrying     []*entry
	waitingBytes int
	// added counts the events that ever came.
	added uint64
	// parking are events that are to be written to the parked stream. They aren't done before they are.
	parking []*entry

	source progress
	// more tells that the source may have events from source.next on.
	more bool
	// live tells that the last read came to the source's end, known is the number of the last event that was read.
	live  bool
	known int64

	// parked is the progress through the parked stream, of which replayUntil is the end of what is to be replayed.
	parked      progress
	replayUntil int64
	// truncated is the revision before which the parked stream needs nothing any more.
	truncated int64

	checkpoint checkpoint
	finished   measure
}

// State is where a group goes on.
type State struct {
	// Next is the number of the first event to read from the source.
	Next int64
	// Checkpoint is the number of the last checkpoint, or -1 if there is none.
	Checkpoint int64
	// Parked is the first revision of the parked stream that has not been replayed.
	Parked int64
}

// New returns a group without consumers.
func New(settings Settings, from State) *Group {
	return &Group{
		settings: settings, strategy: newStrategy(settings.Strategy),
		source: progress{next: from.Next}, more: true, known: -1,
		parked: progress{next: from.Parked}, truncated: from.Parked,
		checkpoint: checkpoint{written: max(from.Checkpoint, from.Next-1), reported: from.Checkpoint},
	}
}

// Connect adds a consumer that may have up to slots events at a time. It returns ErrFull if there are too many.
func (g *Group) Connect(name, user string, slots int, now time.Duration) (*Consumer, error) {
	if most := int(g.settings.MaxSubscriberCount); most != 0 && len(g.consumers) >= most {
		return nil, ErrFull
	}
	c := &Consumer{
		name: name, user: user, slots: slots,
		held: map[store.ID]*entry{}, news: make(chan struct{}, 1),
	}
	g.consumers = append(g.consumers, c)
	g.handOut(now)
	return c, nil
}

// Disconnect removes a consumer. What it had comes again and counts as one more try, but nothing is parked for that: a consumer
// may go for reasons of its own.
func (g *Group) Disconnect(c *Consumer, now time.Duration) {
	for i, there := range g.consumers {
		if there != c {
			continue
		}
		g.consumers = append(g.consumers[:i:i], g.consumers[i+1:]...)
		for _, e := range c.releaseAll() {
			g.again(e)
		}
		g.handOut(now)
		return
	}
}

// handOut gives waiting events to consumers with free slots.
func (g *Group) handOut(now time.Duration) {
	g.retrying = g.handOutFrom(g.retrying, now)
	g.fresh = g.handOutFrom(g.fresh, now)
}

// handOutFrom returns those of the waiting events that no consumer has a slot for.
func (g *Group) handOutFrom(waiting []*entry, now time.Duration) []*entry {
	kept := waiting[:0]
	for i, e := range waiting {
		if !g.hasSlot() {
			kept = append(kept, waiting[i:]...)
			break
		}
		c := g.strategy.choose(g.consumers, e)
		if c == nil {
			kept = append(kept, e)
			continue
		}
		g.waitingBytes -= e.size()
		e.due = now + g.settings.MessageTimeout
		c.give(e)
	}
	clear(waiting[len(kept):])
	return kept
}

func (g *Group) hasSlot() bool {
	for _, c := range g.consumers {
		if c.free() {
			return true
		}
	}
	return false
}
