package feed

import "time"

// Backoff is how long to wait before something is tried again: First, then twice as long each time, Most at most.
type Backoff struct{ First, Most time.Duration }

// pause is a Backoff in use by one goroutine.
type pause struct {
	Backoff
	next time.Duration
}

// wait waits for its time; false if done, or also, ended the wait. Either may be nil.
func (p *pause) wait(done, also <-chan struct{}) bool {
	p.next = min(max(p.next, p.First), p.Most)
	timer := time.NewTimer(p.next)
	defer timer.Stop()
	p.next *= 2
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	case <-also:
		return false
	}
}

// reset starts again at First.
func (p *pause) reset() { p.next = 0 }
