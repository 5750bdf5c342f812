package main

import (
	"slices"
	"time"
)

// sample is what one side did in one turn.
type sample struct {
	Ops      uint64        `json:"ops"`
	Elapsed  time.Duration `json:"elapsed"`
	P50, P99 time.Duration
	P95      time.Duration
	// Refused counts what was answered with "later", deliberately; it is neither in Ops nor in the latencies.
	Refused uint64 `json:"refused"`
	// Server and Postgres are processor time; the callers of an HTTP server are not in it, those of other sides are.
	Server, Postgres time.Duration `json:"-"`
	// Generator is the processor time of this process, which makes the requests to HTTP servers.
	Generator time.Duration `json:"-"`
	// Foreign is the share of the machine that other programs took meanwhile.
	Foreign float64 `json:"-"`
}

// rate is in operations per second.
func (s sample) rate() float64 { return float64(s.Ops) / s.Elapsed.Seconds() }

// cost is processor time per operation, in microseconds.
func (s sample) cost() float64 {
	return float64((s.Server + s.Postgres).Nanoseconds()) / 1e3 / float64(s.Ops)
}

func (s sample) p50() float64 { return s.P50.Seconds() * 1e3 }
func (s sample) p95() float64 { return s.P95.Seconds() * 1e3 }
func (s sample) p99() float64 { return s.P99.Seconds() * 1e3 }

// series is the turns of one side.
type series []sample

// median is the median of something that a sample says.
func (s series) median(of func(sample) float64) float64 {
	values := make([]float64, len(s))
	for i := range s {
		values[i] = of(s[i])
	}
	slices.Sort(values)
	if middle := len(values) / 2; len(values)%2 == 1 {
		return values[middle]
	} else if len(values) > 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return 0
}

// total adds up what a sample says.
func (s series) total(of func(sample) uint64) (sum uint64) {
	for i := range s {
		sum += of(s[i])
	}
	return sum
}

// foreign is the worst of all turns.
func (s series) foreign() float64 {
	worst := 0.0
	for i := range s {
		worst = max(worst, s[i].Foreign)
	}
	return worst
}
