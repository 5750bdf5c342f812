package group

import (
	"fmt"
	"slices"
	"time"

	"am-user-management/internal/node/store"
)

// Action is what becomes of an event that a consumer could not handle.
type Action int

// The actions.
const (
	// Retry sends it again, to any consumer, or parks it if it was sent too often.
	Retry Action = iota
	// Park puts it aside.
	Park
	// Skip drops it.
	Skip
	// Stop drops it, too: EventStoreDB stops nothing, but takes an event back whatever is to become of it.
	Stop
)

// Ack tells that a consumer is done with events, which another may hold. Ids that nobody holds are ignored: it may have been too
// slow.
func (g *Group) Ack(c *Consumer, ids []store.ID, now time.Duration) {
	g.checkpoint.now = now
	for _, id := range ids {
		if e := g.heldFor(c, id); e != nil {
			g.takeBack(e)
			g.finish(e)
		}
	}
	g.handOut(now)
}

// Nack tells that a consumer failed with events, which another may hold, and what becomes of them. Ids that nobody holds are
// ignored.
func (g *Group) Nack(c *Consumer, ids []store.ID, action Action, reason string, now time.Duration) {
	g.checkpoint.now = now
	for _, id := range ids {
		e := g.heldFor(c, id)
		if e == nil {
			continue
		}
		g.takeBack(e)
		switch action {
		case Park:
			g.park(e, "Client explicitly NAK'ed message.\n"+reason)
		case Skip, Stop:
			g.finish(e)
		case Retry:
			g.retry(e)
		}
	}
	g.handOut(now)
}

// Tick is to be called about every second.
func (g *Group) Tick(now time.Duration) {
	g.checkpoint.tick(&g.settings, g.source.place(), now)
	g.finished.mark()
	for _, c := range g.consumers {
		c.finished.mark()
		if g.settings.MessageTimeout <= 0 {
			continue
		}
		for _, e := range c.releaseDue(now) {
			g.retry(e)
		}
	}
	g.handOut(now)
}

// heldFor returns the event of that id which the consumer, or else another, has not answered.
func (g *Group) heldFor(c *Consumer, id store.ID) *entry {
	if e := c.held[id]; e != nil {
		return e
	}
	for _, other := range g.consumers {
		if e := other.held[id]; e != nil {
			return e
		}
	}
	return nil
}

func (g *Group) takeBack(e *entry) {
	c := e.holder
	c.release(e)
	c.finished.count++
	// An answer to what was never sent is no answer of a sane client, but must not send it later.
	for i, unsent := range c.outbox {
		if unsent == e {
			c.outbox = append(c.outbox[:i], c.outbox[i+1:]...)
			break
		}
	}
}

func (g *Group) finish(e *entry) {
	e.progress.finish(e)
	g.finished.count++
}

func (g *Group) park(e *entry, reason string) {
	e.reason = reason
	g.parking = append(g.parking, e)
}

func (g *Group) retry(e *entry) {
	if e.retries >= g.settings.MaxRetryCount {
		g.park(e, fmt.Sprintf("Reached retry count of %d", g.settings.MaxRetryCount))
		return
	}
	g.again(e)
}

// again lets an event come once more, before those that came later. What is replayed keeps its place behind all others.
func (g *Group) again(e *entry) {
	e.retries++
	g.waitingBytes += e.size()
	place := len(g.retrying)
	if !e.Replayed {
		later := func(other *entry) bool { return !other.Replayed && other.order > e.order }
		if i := slices.IndexFunc(g.retrying, later); i >= 0 {
			place = i
		}
	}
	g.retrying = slices.Insert(g.retrying, place, e)
}
