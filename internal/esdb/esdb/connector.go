package esdb

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// connector keeps the one connection that all calls share, and makes it when
// the first call needs it. However many calls wait, one search runs.
type connector struct {
	config  *Configuration
	life    context.Context // ends with close
	end     context.CancelFunc
	current atomic.Pointer[connection]

	mu     sync.Mutex
	closed bool        // by close, or for good by a search that found nothing
	search *search     // the one that runs, or nil
	old    *connection // lost its place as current; open until another takes it
	leader *EndPoint   // named by a node that is not it
	active sync.WaitGroup
}

// search is one run of discovery. Its result may be read once done is closed.
type search struct {
	done   chan struct{}
	conn   *connection
	err    error
	queued int // calls that wait for it, besides the one that began it; guarded by the connector
}

func newConnector(config *Configuration) *connector {
	life, end := context.WithCancel(context.Background())
	return &connector{config: config, life: life, end: end}
}

func newConnection(address string, conn *grpc.ClientConn, server features) *connection {
	return &connection{
		address: address,
		grpc:    conn,
		streams: streams.NewStreamsClient(conn),
		server:  server,
		closed:  &atomic.Bool{},
	}
}

// connection returns the current connection, looking for a node first if there
// is none. As with the official client, it heeds no context, and a search that
// finds nothing closes the client for good: whoever began it is told why, and
// those who queued up behind it wait until close.
func (c *connector) connection() (*connection, error) {
	if conn := c.current.Load(); conn != nil {
		return conn, nil
	}
	running, began, err := c.join()
	if err != nil {
		return nil, err
	}
	<-running.done
	if running.err != nil && !began {
		<-c.life.Done()
		return nil, connectionClosed()
	}
	return running.conn, running.err
}

// join returns the search that runs, or starts one and says so.
func (c *connector) join() (running *search, began bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false, connectionClosed()
	}
	if c.search != nil {
		c.search.queued++
		return c.search, false, nil
	}
	next := &search{done: make(chan struct{})}
	if conn := c.current.Load(); conn != nil { // found since the caller looked
		next.conn = conn
		close(next.done)
		return next, true, nil
	}
	c.search = next
	leader := c.leader
	c.active.Go(func() { c.run(next, leader) })
	return next, true, nil
}

func (c *connector) run(s *search, leader *EndPoint) {
	conn, err := c.discover(c.life, leader)

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(s.done)
	c.search, c.leader = nil, nil
	switch {
	case c.closed:
		if conn != nil {
			conn.close()
		}
		s.err = connectionClosed()
	case err != nil:
		c.closed = true
		s.err = failure(statusCode(status.Code(err)), "no node found: %w", err)
	default:
		if c.old != nil && c.old.grpc != conn.grpc {
			c.old.close()
		}
		c.old = nil
		c.current.Store(conn)
		s.conn = conn
		c.config.logf(LogInfo, "connected to %s", conn.address)
	}
}

// suspect makes the next call look for a node, if conn is still the current
// connection; a leader is the first place to look.
func (c *connector) suspect(conn *connection, leader *EndPoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.current.CompareAndSwap(conn, nil) {
		return
	}
	c.old, c.leader = conn, leader
}

// reusable returns the replaced connection if it leads to address and is up.
func (c *connector) reusable(address string) *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.old != nil && c.old.address == address && c.old.usable() {
		return c.old
	}
	return nil
}

func (c *connector) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// close ends running calls and searches, and fails those that come later.
func (c *connector) close() {
	c.mu.Lock()
	c.closed = true
	c.end()
	current, old := c.current.Swap(nil), c.old
	c.old = nil
	c.mu.Unlock()
	if current != nil {
		current.close()
	}
	if old != nil {
		old.close()
	}
	c.active.Wait()
}

func connectionClosed() *Error {
	return &Error{code: ErrorCodeConnectionClosed, err: errors.New("the client is closed")}
}
