package group

import (
	"strconv"
	"time"

	"am-user-management/internal/node/store"
)

// Event is an event as it was read for a group.
type Event struct {
	// Number is its place in the source by which progress is told: its revision in a stream, its position in the whole
	// log. For a replayed event it is the revision in the parked stream.
	Number int64
	// Record is the event. It is nil if it is what Link points to and cannot be read.
	Record *store.Record
	// Link is the link that was followed to Record, or nil.
	Link *store.Record
	// Replayed tells that the event comes from the parked stream.
	Replayed bool
}

// ID is that by which consumers answer: the link's if there is one.
func (e *Event) ID() store.ID { return e.original().ID }

func (e *Event) original() *store.Record {
	if e.Link != nil {
		return e.Link
	}
	return e.Record
}

// target returns "<revision>@<stream>" of the event itself, also of one that cannot be read.
func (e *Event) target() string {
	if e.Record == nil {
		return string(e.Link.Data)
	}
	return strconv.FormatUint(e.Record.Revision, 10) + "@" + string(e.Record.Stream)
}

func (e *Event) size() int {
	size := 0
	if e.Record != nil {
		size += len(e.Record.Wire)
	}
	if e.Link != nil {
		size += len(e.Link.Wire)
	}
	return size
}

// Delivery is an event on its way to a consumer.
type Delivery struct {
	Event
	// Retries is how often it was sent before.
	Retries int32
}

// entry is an event that is not done.
type entry struct {
	Event
	retries int32
	// order is its age in the group.
	order uint64
	// reason tells why it is to be parked.
	reason string

	// holder is the consumer that has it, until due; same is the next event of the same id there.
	holder *Consumer
	due    time.Duration
	same   *entry

	// bucket is what a pinning strategy sorts it by, plus one; 0 is not known yet.
	bucket uint64

	progress      *progress
	before, after *entry
	// place is how many were read before it from the same source.
	place int64
}
