// Package clock is the time that the service goes by: the real one, or, in development and in tests, one that can be
// moved, so that a trial of two weeks and a year of renewals pass while somebody looks. What must be real stays with
// the real clock: deadlines, leases, retries, how long something took.
package clock

import (
	"fmt"
	"sync"
	"time"
)

// Limit is how far a clock may be moved, forward or back.
const Limit = 10 * 366 * 24 * time.Hour

// Clock is another clock plus an offset. It is safe for concurrent use.
type Clock struct {
	real func() time.Time

	mu     sync.RWMutex
	offset time.Duration
}

// New makes a clock that shows what another one does, until it is moved.
func New(real func() time.Time) *Clock { return &Clock{real: real} }

// Now is the time.
func (c *Clock) Now() time.Time { return c.real().Add(c.Offset()) }

// Offset is how far the clock is ahead of the other one.
func (c *Clock) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offset
}

// Advance moves the clock forward, or back if d is negative. It refuses to go further than Limit from the other one.
func (c *Clock) Advance(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	moved := c.offset + d // both are within what a duration holds several times over, or refused
	if d > 2*Limit || d < -2*Limit || moved > Limit || moved < -Limit {
		return fmt.Errorf("a clock cannot be moved further than %v from the real one", Limit)
	}
	c.offset = moved
	return nil
}
