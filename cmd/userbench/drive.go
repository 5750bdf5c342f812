package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// load says how much work to do.
type load struct {
	Callers int           `json:"callers"`
	For     time.Duration `json:"for"`
	// Rate is how many operations begin per second; 0: each caller begins the next when the last has ended.
	Rate float64 `json:"rate"`
}

// work is one operation of one caller. It returns the time that counts as its latency.
type work func(ctx context.Context, caller int) (time.Duration, error)

// errRefused is work that was turned away on purpose. It is counted, and ends nothing.
var errRefused = errors.New("refused")

// timed is work that counts as long as it takes.
func timed(do func(ctx context.Context, caller int) error) work {
	return func(ctx context.Context, caller int) (time.Duration, error) {
		begun := time.Now()
		err := do(ctx, caller)
		return time.Since(begun), err
	}
}

// drive has callers work until the time is over. The first error ends it: a ratio of failures says nothing.
func drive(ctx context.Context, l load, do work) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   latencies

		begun, refused atomic.Uint64
	)
	start := time.Now()
	for caller := range l.Callers {
		group.Go(func() {
			var own latencies
			for ctx.Err() == nil && time.Since(start) < l.For && turn(ctx, start, l.Rate, begun.Add(1)-1) {
				took, err := do(ctx, caller)
				switch {
				case err == nil:
					own.add(took)
				case errors.Is(err, errRefused):
					refused.Add(1)
				default:
					cancel(err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.merge(&own)
		})
	}
	group.Wait()
	elapsed := time.Since(start)
	if err := context.Cause(ctx); err != nil {
		return sample{}, err
	}
	if all.total == 0 {
		return sample{}, errors.New("nothing was done in the time given")
	}
	return sample{
		Ops: all.total, Elapsed: elapsed, Refused: refused.Load(), P50: all.quantile(0.50), P95: all.quantile(0.95), P99: all.quantile(0.99),
	}, nil
}

// turn waits until it is time for the n-th operation; false if ctx ends first.
func turn(ctx context.Context, start time.Time, rate float64, n uint64) bool {
	if rate == 0 {
		return true
	}
	timer := time.NewTimer(time.Until(start.Add(time.Duration(float64(n) / rate * float64(time.Second)))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
