package group

import (
	"cmp"
	"slices"
	"time"

	"am-user-management/internal/node/store"
)

// Consumer is one connection to a group. Apart from News, its methods need the same care as the group's.
type Consumer struct {
	name, user string
	slots      int

	// held are the events it has not answered, by id, and inFlight is how many.
	held     map[store.ID]*entry
	inFlight int
	// outbox are those of them that have not been sent.
	outbox []*entry
	news   chan struct{}

	finished measure
}

// News returns a channel that gets a value when there is something to Take.
func (c *Consumer) News() <-chan struct{} { return c.news }

// Take returns the events that are to be sent now.
func (c *Consumer) Take() []Delivery {
	deliveries := make([]Delivery, 0, len(c.outbox))
	for _, e := range c.outbox {
		deliveries = append(deliveries, Delivery{Event: e.Event, Retries: e.retries})
	}
	clear(c.outbox)
	c.outbox = c.outbox[:0]
	return deliveries
}

func (c *Consumer) free() bool { return c.inFlight < c.slots }

func (c *Consumer) give(e *entry) {
	e.holder = c
	c.inFlight++
	id := e.ID()
	if oldest := c.held[id]; oldest == nil {
		c.held[id] = e
	} else {
		for oldest.same != nil {
			oldest = oldest.same
		}
		oldest.same = e
	}
	c.outbox = append(c.outbox, e)
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// release takes an event back.
func (c *Consumer) release(e *entry) {
	id := e.ID()
	switch first := c.held[id]; {
	case first != e:
		for first.same != e {
			first = first.same
		}
		first.same = e.same
	case e.same != nil:
		c.held[id] = e.same
	default:
		delete(c.held, id)
	}
	e.holder, e.same = nil, nil
	c.inFlight--
}

// releaseAll takes back everything, the oldest first.
func (c *Consumer) releaseAll() []*entry {
	return c.releaseIf(func(*entry) bool { return true })
}

// releaseDue takes back what the consumer had for too long, the oldest first.
func (c *Consumer) releaseDue(now time.Duration) []*entry {
	return c.releaseIf(func(e *entry) bool { return e.due <= now })
}

func (c *Consumer) releaseIf(condition func(*entry) bool) []*entry {
	var released []*entry
	for _, e := range c.held {
		for ; e != nil; e = e.same {
			if condition(e) {
				released = append(released, e)
			}
		}
	}
	for _, e := range released {
		c.release(e)
	}
	c.outbox = slices.DeleteFunc(c.outbox, func(e *entry) bool { return e.holder != c })
	slices.SortFunc(released, func(a, b *entry) int { return cmp.Compare(a.order, b.order) })
	return released
}
