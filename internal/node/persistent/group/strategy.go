package group

import (
	"encoding/json"
	"hash/fnv"
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
		return pinned{key: sourceStream}
	case PinnedByCorrelation:
		return pinned{key: correlation}
	case RoundRobin:
	}
	return &roundRobin{}
}

type roundRobin struct {
	next int
}

func (r *roundRobin) choose(consumers []*Consumer, _ *entry) *Consumer {
	for i := range consumers {
		n := (r.next + i) % len(consumers)
		if consumers[n].free() {
			r.next = n + 1
			return consumers[n]
		}
	}
	return nil
}

type single struct {
	current int
}

func (s *single) choose(consumers []*Consumer, _ *entry) *Consumer {
	for i := range consumers {
		n := (s.current + i) % len(consumers)
		if consumers[n].free() {
			s.current = n
			return consumers[n]
		}
	}
	return nil
}

// pinned sorts events into buckets. Each bucket belongs to the consumer that draws highest for it, so that a consumer
// that comes or goes moves no other buckets than its own.
type pinned struct {
	key func(*entry) string
}

const buckets = 1024

func (p pinned) choose(consumers []*Consumer, e *entry) *Consumer {
	if e.bucket == 0 {
		e.bucket = hashOf(p.key(e))%buckets + 1
	}
	var owner *Consumer
	highest := uint64(0)
	for _, c := range consumers {
		if draw := mix(e.bucket<<32 ^ c.order); owner == nil || draw > highest {
			owner, highest = c, draw
		}
	}
	if !owner.free() {
		return nil
	}
	return owner
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// mix is a bijection whose every output bit depends on every input bit (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
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
