package group

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
)

// Strategy is the name of a way to choose consumers.
type Strategy string

// The strategies there are.
const (
	// RoundRobin gives each event to the next consumer with a free slot.
	RoundRobin Strategy = "RoundRobin"
	// DispatchToSingle fills one consumer, then the next.
	DispatchToSingle Strategy = "DispatchToSingle"
	// Pinned gives all events of one stream to the same consumer, as long as it is there.
	Pinned Strategy = "Pinned"
	// PinnedByCorrelation does so with all events of one $correlationId.
	PinnedByCorrelation Strategy = "PinnedByCorrelation"
)

// Known tells whether there is a strategy of this name.
func (s Strategy) Known() bool {
	switch s {
	case RoundRobin, DispatchToSingle, Pinned, PinnedByCorrelation:
		return true
	}
	return false
}

// strategy chooses a consumer.
type strategy interface {
	// choose returns a consumer with a free slot, or nil if the event has to wait. At least one consumer has a free slot.
	choose(consumers []*Consumer, e *entry) *Consumer
}

func newStrategy(name Strategy) strategy {
	switch name {
	case DispatchToSingle:
		return &single{}
	case Pinned:
		return newPinned(sourceStream)
	case PinnedByCorrelation:
		return newPinned(correlation)
	case RoundRobin:
	}
	return &roundRobin{}
}

// queue has consumers in the order in which they are asked. One that comes is asked last.
type queue struct {
	order, known []*Consumer
}

// follow takes note of consumers that have come and gone.
func (q *queue) follow(consumers []*Consumer) {
	if slices.Equal(q.known, consumers) {
		return
	}
	q.order = slices.DeleteFunc(q.order, func(c *Consumer) bool { return !slices.Contains(consumers, c) })
	for _, c := range consumers {
		if !slices.Contains(q.order, c) {
			q.order = append(q.order, c)
		}
	}
	q.known = slices.Clone(consumers)
}

// rotate moves the first to the end.
func (q *queue) rotate() *Consumer {
	first := q.order[0]
	copy(q.order, q.order[1:])
	q.order[len(q.order)-1] = first
	return first
}

type roundRobin struct {
	queue
}

func (r *roundRobin) choose(consumers []*Consumer, _ *entry) *Consumer {
	r.follow(consumers)
	for range consumers {
		if c := r.rotate(); c.free() {
			return c
		}
	}
	return nil
}

type single struct {
	queue
}

func (s *single) choose(consumers []*Consumer, _ *entry) *Consumer {
	s.follow(consumers)
	for range consumers {
		if s.order[0].free() {
			return s.order[0]
		}
		s.rotate()
	}
	return nil
}

// pinned sorts events into buckets. Each bucket belongs to one consumer as long as that is there. A bucket without one goes to
// the consumer that has the fewest, the eldest of them, when an event comes for it; a consumer that comes gets what others have
// above their share.
type pinned struct {
	key       func(*entry) string
	consumers []*Consumer
	owners    map[uint64]*Consumer
}

const buckets = 1024

func newPinned(key func(*entry) string) *pinned {
	return &pinned{key: key, owners: map[uint64]*Consumer{}}
}

func (p *pinned) choose(consumers []*Consumer, e *entry) *Consumer {
	if !slices.Equal(p.consumers, consumers) {
		p.share(consumers)
	}
	if e.bucket == 0 {
		e.bucket = hashOf(p.key(e))%buckets + 1
	}
	owner := p.owners[e.bucket]
	if owner == nil {
		counts := p.counts()
		owner = slices.MinFunc(consumers, func(a, b *Consumer) int { return cmp.Compare(counts[a], counts[b]) })
		p.owners[e.bucket] = owner
	}
	if !owner.free() {
		return nil
	}
	return owner
}

func (p *pinned) counts() map[*Consumer]int {
	counts := map[*Consumer]int{}
	for _, owner := range p.owners {
		counts[owner]++
	}
	return counts
}

// share takes the buckets of consumers that have gone, and gives some to those that have come.
func (p *pinned) share(consumers []*Consumer) {
	before := p.consumers
	p.consumers = slices.Clone(consumers)
	maps.DeleteFunc(p.owners, func(_ uint64, owner *Consumer) bool { return !slices.Contains(consumers, owner) })
	for i, c := range consumers {
		if slices.Contains(before, c) {
			continue
		}
		share := (len(p.owners) + i) / (i + 1) // rounded up
		for _, other := range consumers[:i] {
			for _, bucket := range p.above(share, other) {
				p.owners[bucket] = c
			}
		}
	}
}

// above returns what a consumer has above its share, those first of which it has the fewest events.
func (p *pinned) above(share int, c *Consumer) []uint64 {
	var owned []uint64
	for bucket, owner := range p.owners {
		if owner == c {
			owned = append(owned, bucket)
		}
	}
	if len(owned) <= share {
		return nil
	}
	inFlight := map[uint64]int{}
	for _, e := range c.held {
		for ; e != nil; e = e.same {
			inFlight[e.bucket]++
		}
	}
	slices.SortFunc(owned, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(inFlight[a], inFlight[b]), cmp.Compare(a, b))
	})
	return owned[:len(owned)-share]
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// sourceStream returns the stream of the event itself.
func sourceStream(e *entry) string {
	_, stream, _ := strings.Cut(e.target(), "@")
	return stream
}

// correlation returns the event's correlation id, or its stream if it has none.
func correlation(e *entry) string {
	var metadata struct {
		ID string `json:"$correlationId"`
	}
	if e.Record != nil && json.Unmarshal(e.Record.Metadata, &metadata) == nil && metadata.ID != "" {
		return metadata.ID
	}
	return sourceStream(e)
}
