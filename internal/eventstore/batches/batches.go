// Package batches appends by EventStoreDB's BatchAppend: one call that stays open and carries all appends, each answered
// by its id, for a fraction of what a call of its own costs each of them. It is a short cut and nothing more. An append is
// tried once and in a short time, and only a plain success counts; whatever else happens, the caller appends the ordinary
// way, with the same ids and the same expected revision, which EventStoreDB takes for the same append. So there is one
// place that judges errors and repeats, and it is not here.
//
// It knows one node, for which no search is needed. It imports eventstore, gRPC and the client's configuration and
// messages.
package batches

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc"

	"am-user-management/internal/eventstore"
)

// Outcome is what is known of an append that was tried.
type Outcome int

const (
	// NotStored: nothing was stored, and nothing will be.
	NotStored Outcome = iota
	// Stored: it is durable.
	Stored
	// Unknown: it was sent, and may be stored, or be stored later.
	Unknown
)

const (
	// appendsOnTheWay and bytesOnTheWay bound what is not answered yet. Nobody waits for room: there is another way.
	appendsOnTheWay = 512
	bytesOnTheWay   = 16 << 20
	// largestAppend is where a server may refuse the message, and with it the call.
	largestAppend = 1 << 20

	// tryTime is how long an append may take. An answer that takes longer ends the call for all.
	tryTime = 2 * time.Second

	// firstRest and longRest bound how long no append is tried after a call has failed.
	firstRest = 50 * time.Millisecond
	longRest  = 30 * time.Second
)

var (
	errSilent = errors.New("an append was not answered in time")
	errClosed = errors.New("closed")
)

// Client appends by one call at a time, which it opens again after a while if it ends. It may be used from many
// goroutines; nil tries nothing. New makes it.
type Client struct {
	conn     *grpc.ClientConn
	settings *esdb.Configuration
	log      *slog.Logger
	patience time.Duration
	running  sync.WaitGroup

	mu      sync.Mutex
	now     *call // nil if none is open
	appends int   // on their way
	bytes   int   // of them
	closed  bool
	proved  bool // since the last rest an append was stored
	pause   time.Duration
	rest    *time.Timer // nil if appends are tried
}

// New returns a client of the node that the settings name, or nil if they leave the node to be found. It connects to
// nothing yet.
func New(settings *esdb.Configuration, log *slog.Logger) (*Client, error) {
	if settings.DnsDiscover || len(settings.GossipSeeds) > 0 {
		return nil, nil //nolint:nilnil // nil is a client that tries nothing
	}
	conn, err := dial(settings)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Client{conn: conn, settings: settings, log: log, patience: tryTime}, nil
}

// Close ends the appends on their way, and has none tried any more.
func (c *Client) Close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	c.closed = true
	if c.rest != nil {
		c.rest.Stop()
	}
	open := c.now
	c.mu.Unlock()
	if open != nil {
		open.fail(errClosed)
	}
	c.running.Wait()
	return c.conn.Close()
}

// Append tries to store the records, all or none, if the stream is at the expected revision. Where it was stored is told
// only if it was.
func (c *Client) Append(ctx context.Context, stream string, expected eventstore.Expected, records []eventstore.Recorded,
) (eventstore.Appended, Outcome) {
	size := sizeOf(records)
	if c == nil || size > largestAppend {
		return eventstore.Appended{}, NotStored
	}
	at := c.enter(size)
	if at == nil {
		return eventstore.Appended{}, NotStored
	}
	defer c.leave(size)
	ctx, cancel := context.WithTimeoutCause(ctx, c.patience, errSilent)
	defer cancel()
	answer, outcome := at.do(ctx, request(stream, expected, records))
	if answer == nil {
		return eventstore.Appended{}, outcome
	}
	appended, outcome := read(answer)
	c.learn(outcome)
	return appended, outcome
}

// enter makes room for an append and returns the call to use, or nil if it is not to be tried.
func (c *Client) enter(size int) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.rest != nil || c.appends == appendsOnTheWay || c.bytes+size > bytesOnTheWay {
		return nil
	}
	c.appends++
	c.bytes += size
	if c.now == nil {
		c.now = newCall(c)
		c.running.Go(c.now.run)
	}
	return c.now
}

func (c *Client) leave(size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.appends--
	c.bytes -= size
}

// learn draws conclusions from an answer for the appends to come.
func (c *Client) learn(outcome Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch outcome {
	case Stored:
		c.proved = true
	case Unknown: // the node has a reason that may well hold for others
		c.restForAWhile()
	case NotStored:
	}
}

// lost forgets a call that has ended.
func (c *Client) lost(gone *call, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != gone {
		return
	}
	c.now = nil
	c.restForAWhile()
	if level := slog.LevelDebug; !c.closed {
		if c.pause == firstRest { // it is news
			level = slog.LevelInfo
		}
		c.log.Log(context.Background(), level, "appends go one by one, as batches have ended", "error", why, "rest", c.pause)
	}
}

// restForAWhile has no append tried for a time that grows as long as none succeeds. The caller holds the lock.
func (c *Client) restForAWhile() {
	if c.closed || c.rest != nil {
		return
	}
	c.pause = min(max(2*c.pause, firstRest), longRest)
	if c.proved {
		c.pause, c.proved = firstRest, false
	}
	c.rest = time.AfterFunc(c.pause, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.rest = nil
	})
}
