// Package logcopy moves and compares whole logs through the client's API, so that any two stores that speak
// EventStoreDB's protocol will do. Copy makes one log the same as another, and goes on where it was stopped; Walk goes
// through two logs side by side and stops at the first difference. What belongs to a log is what clients wrote: streams
// whose names begin with a dollar sign are each server's own and are left out, the metadata of other streams is not.
// The package imports the client, esdbstore (for addresses), the embedded node and uuid.
package logcopy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/node/store"
)

// Patience is how long a store may stay away, without one event read or written, before that is an error.
const Patience = 10 * time.Minute

const (
	firstPause = 50 * time.Millisecond
	longPause  = 5 * time.Second
)

// Event is an event as it stands in a log.
type Event = esdb.RecordedEvent

// Log is one log at an address. Its readers are independent; it appends for one caller at a time.
type Log struct {
	connect  func() (*esdb.Client, error)
	patience time.Duration
	logger   *slog.Logger

	mu     sync.Mutex
	client *esdb.Client

	// keepTime is given the time of an event before it is appended, where the store takes it over; nil elsewhere.
	keepTime func(time.Time)
	closers  []func() error
}

// Open returns the log at an address: a connection string (esdb://…), unix:///path for a socket of the embedded node,
// or folder:/path for a folder of the embedded node that no process has open. Only a folder is touched at once; it is
// made if it is missing. What goes wrong for a while is told to the logger; nil keeps it silent.
func Open(ctx context.Context, address string, logger *slog.Logger) (*Log, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if folder, ok := Folder(address); ok {
		return openFolder(ctx, folder, logger)
	}
	connect, err := esdbstore.Connector(address, nil)
	if err != nil {
		return nil, err
	}
	return &Log{connect: connect, patience: Patience, logger: logger}, nil
}

// OpenExisting is Open for a log that is to be read: a folder must hold one, and is not made.
func OpenExisting(ctx context.Context, address string, logger *slog.Logger) (*Log, error) {
	if folder, ok := Folder(address); ok {
		if err := store.Exists(store.Options{Dir: folder}); err != nil {
			return nil, err
		}
	}
	return Open(ctx, address, logger)
}

// KeepsTimes reports whether events that are copied into the log keep the time of their creation.
func (l *Log) KeepsTimes() bool { return l.keepTime != nil }

// Close gives up the connection, and the folder if it is one. No call may be running.
func (l *Log) Close() error {
	var failures []error
	l.mu.Lock()
	if l.client != nil {
		failures = append(failures, l.client.Close())
		l.client = nil
	}
	l.mu.Unlock()
	for _, closer := range l.closers {
		failures = append(failures, closer())
	}
	return errors.Join(failures...)
}

// Head is the position of the last event of the log, of whatever stream; zero in an empty log.
func (l *Log) Head(ctx context.Context) (esdb.Position, error) {
	return retried(ctx, l, "read the end of the log", func(client *esdb.Client) (esdb.Position, error) {
		read, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
		if err != nil {
			return esdb.Position{}, err
		}
		defer read.Close()
		last, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return esdb.Position{}, nil
		}
		if err != nil {
			return esdb.Position{}, err
		}
		return last.OriginalEvent().Position, nil
	})
}

// last is the last event that belongs to the log, nil if there is none.
func (l *Log) last(ctx context.Context) (*Event, error) {
	return retried(ctx, l, "read the end of the log", func(client *esdb.Client) (*Event, error) {
		read, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, math.MaxUint64)
		if err != nil {
			return nil, err
		}
		defer read.Close()
		for {
			resolved, err := read.Recv()
			if errors.Is(err, io.EOF) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			if event := resolved.OriginalEvent(); Belongs(event) {
				return event, nil
			}
		}
	})
}

// Belongs reports whether an event is part of the log, and not of what each server keeps for itself.
func Belongs(event *Event) bool {
	return !strings.HasPrefix(strings.TrimPrefix(event.StreamID, metastreamPrefix), "$")
}

const (
	metastreamPrefix = "$$"
	metadataType     = "$metadata"
	tombstoneType    = "$streamDeleted"
	jsonType         = "application/json"
)

// serverMade reports whether a server may have written the event by itself, under an id of its own: the metadata that
// deletes a stream or lets it begin again, and the tombstone.
func serverMade(event *Event) bool {
	return event.EventType == tombstoneType || event.EventType == metadataType && strings.HasPrefix(event.StreamID, metastreamPrefix)
}

func (l *Log) use() (*esdb.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		client, err := l.connect()
		if err != nil {
			return nil, err
		}
		l.client = client
	}
	return l.client, nil
}

// drop gives up a client that said it is closed for good.
func (l *Log) drop(client *esdb.Client, err error) {
	var fault *esdb.Error
	if !errors.As(err, &fault) || !fault.IsErrorCode(esdb.ErrorCodeConnectionClosed) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == client {
		l.client = nil
		_ = client.Close() // always nil
	}
}

// retried calls until there is an answer, ctx ends, or the log's patience.
func retried[T any](ctx context.Context, l *Log, what string, call func(*esdb.Client) (T, error)) (T, error) {
	again := l.again(ctx, what)
	for {
		client, err := l.use()
		if err == nil {
			var result T
			if result, err = call(client); err == nil {
				return result, nil
			}
			l.drop(client, err)
		}
		if err := again.after(err); err != nil {
			var none T
			return none, err
		}
	}
}

// attempts counts how long something has failed.
type attempts struct {
	ctx   context.Context //nolint:containedctx // of the one call that it belongs to
	log   *Log
	what  string
	pause time.Duration
	since time.Duration
}

func (l *Log) again(ctx context.Context, what string) *attempts {
	return &attempts{ctx: ctx, log: l, what: what, pause: firstPause}
}

// succeeded starts the count anew.
func (a *attempts) succeeded() { a.pause, a.since = firstPause, 0 }

// after waits before the next try. It returns an error if there is to be none.
func (a *attempts) after(err error) error {
	if a.ctx.Err() != nil {
		return a.ctx.Err()
	}
	if final(err) || a.since > a.log.patience {
		return fmt.Errorf("%s: %w", a.what, err)
	}
	wait := a.pause/2 + rand.N(a.pause/2)
	a.since += wait
	if a.pause == firstPause {
		a.log.logger.Warn("the event store does not answer; trying again", "to", a.what, "error", err)
	}
	a.pause = min(2*a.pause, longPause)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.ctx.Done():
		return a.ctx.Err()
	}
}

// final reports whether trying again would get the same answer.
func final(err error) bool {
	var fault *esdb.Error
	if errors.As(err, &fault) {
		switch fault.Code() {
		case esdb.ErrorCodeAccessDenied, esdb.ErrorCodeUnauthenticated, esdb.ErrorCodeWrongExpectedVersion,
			esdb.ErrorCodeStreamDeleted, esdb.ErrorCodeResourceNotFound, esdb.ErrorCodeUnsupportedFeature:
			return true
		}
	}
	var carrier interface{ GRPCStatus() *status.Status }
	if errors.As(err, &carrier) {
		switch carrier.GRPCStatus().Code() {
		case codes.InvalidArgument, codes.ResourceExhausted, codes.PermissionDenied, codes.Unauthenticated, codes.FailedPrecondition:
			return true
		}
	}
	return false
}

func hasCode(err error, code esdb.ErrorCode) bool {
	var fault *esdb.Error
	return errors.As(err, &fault) && fault.IsErrorCode(code)
}
