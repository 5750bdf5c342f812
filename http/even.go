package http

import (
	"context"
	"time"
)

// evenTime is more than it takes to look for an account and to write an event.
const evenTime = 150 * time.Millisecond

// even hides how long it takes to find an answer: the function that it returns waits until a whole number of evenTimes
// is over. The time tells whether there was something to do only where doing it crosses the border between two of
// them, and still what was answered stands in the log.
//
//	defer even(ctx)()
func even(ctx context.Context) (wait func()) {
	ticker := time.NewTicker(evenTime)
	return func() {
		defer ticker.Stop()
		select {
		case <-ticker.C: // one that is over; the next is waited for
		default:
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}
