package main

import (
	"math/bits"
	"time"
)

const (
	// subBits is how many buckets a power of two has, as a power of two: figures are within 1.6 %.
	subBits = 6
	buckets = (64 - subBits) << subBits
)

// latencies counts durations in buckets. It never allocates, so that measuring costs the same all the time.
type latencies struct {
	count [buckets]uint32
	total uint64
}

func (l *latencies) add(d time.Duration) {
	l.count[bucketOf(uint64(max(d, 0)))]++
	l.total++
}

func (l *latencies) merge(other *latencies) {
	for i, n := range other.count {
		l.count[i] += n
	}
	l.total += other.total
}

// quantile is the duration that a share of all does not exceed, 0 if there are none.
func (l *latencies) quantile(share float64) time.Duration {
	wanted, seen := uint64(share*float64(l.total)), uint64(0)
	for i, n := range l.count {
		seen += uint64(n)
		if n > 0 && seen >= max(wanted, 1) {
			return time.Duration(boundOf(i))
		}
	}
	return 0
}

// bucketOf keeps the subBits+1 highest bits of a number.
func bucketOf(n uint64) int {
	shift := max(bits.Len64(n)-subBits-1, 0)
	return shift<<subBits + int(n>>shift)
}

// boundOf is the least number of a bucket.
func boundOf(bucket int) uint64 {
	if bucket < 2<<subBits {
		return uint64(bucket)
	}
	shift := bucket>>subBits - 1
	return uint64(bucket&(1<<subBits-1)|1<<subBits) << shift
}
