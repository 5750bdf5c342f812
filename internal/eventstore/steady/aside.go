package steady

import "time"

// spareTime is how long a goroutine without work is kept.
const spareTime = time.Second

// aside runs work on other goroutines and keeps those for a while: a call of the client needs a deep stack, and growing
// a new one for each call is a twentieth of what the call costs.
type aside struct{ work chan func() }

func newAside() aside { return aside{make(chan func())} }

// do starts the work at once.
func (a aside) do(work func()) {
	select {
	case a.work <- work:
	default:
		go a.loop(work)
	}
}

func (a aside) loop(work func()) {
	spare := time.NewTimer(spareTime)
	defer spare.Stop()
	for {
		work()
		spare.Reset(spareTime)
		select {
		case work = <-a.work:
		case <-spare.C:
			return
		}
	}
}
