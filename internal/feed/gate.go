package feed

import "sync"

// gate lets a projection pass, or holds it up while it is paused.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // nil while open; closed to open
}

// shut holds up whoever comes.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

// open lets everybody pass.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// isShut reports whether the projection is paused.
func (g *gate) isShut() bool { return g.waiting() != nil }

func (g *gate) waiting() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// pass waits while the gate is shut; false if one of the channels ended the wait.
func (g *gate) pass(done, stopping <-chan struct{}) bool {
	for {
		closed := g.waiting()
		if closed == nil {
			return true
		}
		select {
		case <-closed:
		case <-done:
			return false
		case <-stopping:
			return false
		}
	}
}
