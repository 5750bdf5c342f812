package clustertest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// condition is what happens to connections that come.
type condition int

const (
	open condition = iota
	refusing
	frozen
)

// line is a listener whose connections fail as told.
type line struct {
	net.Listener
	delay atomic.Int64 // nanoseconds

	mu    sync.Mutex
	now   condition
	conns map[*conn]struct{}
}

// Accept waits for a connection that is not refused.
func (l *line) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.admit(accepted); c != nil {
			return c, nil
		}
	}
}

func (l *line) admit(accepted net.Conn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == refusing {
		if tcp, ok := accepted.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // reset, as by a machine without a listener
		}
		_ = accepted.Close() // it is gone either way
		return nil
	}
	c := &conn{Conn: accepted, line: l, closed: make(chan struct{})}
	c.lost.Store(l.now == frozen)
	if l.conns == nil {
		l.conns = map[*conn]struct{}{}
	}
	l.conns[c] = struct{}{}
	return c
}

func (l *line) set(now condition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now
}

func (l *line) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = frozen
	for c := range l.conns {
		c.lost.Store(true)
	}
}

func (l *line) cut() {
	l.mu.Lock()
	cut := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		cut = append(cut, c)
	}
	l.mu.Unlock()
	for _, c := range cut {
		_ = c.Close() // it is gone either way
	}
}

func (l *line) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// conn is a connection that may get lost: what is sent to it vanishes, and nothing comes.
type conn struct {
	net.Conn
	line   *line
	lost   atomic.Bool
	once   sync.Once
	closed chan struct{}
}

// Read waits for what is not lost.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if delay := time.Duration(c.line.delay.Load()); delay > 0 {
			timer := time.NewTimer(delay)
			select {
			case <-timer.C:
			case <-c.closed:
			}
			timer.Stop()
		}
		if err != nil || !c.lost.Load() {
			return n, err
		}
	}
}

// Write sends, or loses.
func (c *conn) Write(p []byte) (int, error) {
	if c.lost.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// Close ends the connection.
func (c *conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.closed)
		c.line.forget(c)
		err = c.Conn.Close()
	})
	return err
}
