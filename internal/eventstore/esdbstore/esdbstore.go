// Package esdbstore is the store on EventStoreDB, by its official client. It is the only package that appends and
// reads streams through that client, because the client leaves much to its caller: it repeats nothing, it asks whoever
// it is connected to, leader or not, and without an id per event a repeated append is a second one. An append tries the
// short cut of package batches first, which that client lacks; what its outcome was is judged here alone. It imports
// eventstore, batches, steady, codec, the client, and gRPC's status codes and headers.
package esdbstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/metadata"

	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/eventstore/batches"
	"am-user-management/internal/eventstore/steady"
)

// pageSize is how many events one read asks for. Most streams are shorter and are read in one call.
const pageSize = 512

// Options bound how long a call takes. Zero values mean the defaults.
type Options struct {
	// LoadTimeout bounds a Load of one page, with all its tries. Default 5 s.
	LoadTimeout time.Duration
	// AppendTimeout bounds an Append, with all its tries. Default 10 s.
	AppendTimeout time.Duration
	// TryTimeout bounds one try of either. Default 3 s.
	TryTimeout time.Duration
	// Batches is the short cut that every append tries first; nil means none. The store closes it.
	Batches *batches.Client
}

// Store is a store on EventStoreDB. It may be used from many goroutines. New makes it.
type Store struct {
	client  *steady.Client
	codec   *codec.Codec
	options Options
}

// New returns a store whose clients connect makes: one at first use, and another one whenever a client died.
func New(connect func() (*esdb.Client, error), c *codec.Codec, options Options) *Store {
	set := func(d *time.Duration, standard time.Duration) {
		if *d <= 0 {
			*d = standard
		}
	}
	set(&options.LoadTimeout, 5*time.Second)
	set(&options.AppendTimeout, 10*time.Second)
	set(&options.TryTimeout, 3*time.Second)
	return &Store{client: steady.New(connect), codec: c, options: options}
}

// Close closes the client. Close it when no call is running; a later call makes a new client.
func (s *Store) Close() error { return errors.Join(s.options.Batches.Close(), s.client.Close()) }

// Load returns the events of the stream from that revision on, oldest first; none if there is no such stream. Reads
// are repeated while the store does not answer. It returns eventstore.ErrUnavailable, ErrTombstoned or ErrDenied, and
// what the codec returns for an event that it cannot decode.
func (s *Store) Load(ctx context.Context, stream string, from uint64) ([]eventstore.Envelope, error) {
	var history []eventstore.Envelope
	for {
		page, err := s.page(ctx, stream, from)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return history, nil
		}
		envelopes, err := s.codec.Decode(ctx, page)
		if err != nil {
			return nil, err
		}
		if history == nil {
			history = envelopes
		} else {
			history = append(history, envelopes...)
		}
		if len(page) < pageSize {
			return history, nil
		}
		from = page[len(page)-1].Revision + 1
	}
}

// Append stores the drafts, all or none, if the stream is at the expected revision. The envelopes are the events as
// Load would return them, but Created, which a store does not tell, is zero, and every Position is that of the last.
//
// While the outcome is unknown it repeats the very same append, which cannot store twice, and so it does after a batch
// that did not simply succeed, whatever the reason. It returns eventstore.ErrConflict, ErrTombstoned, ErrTooLarge,
// ErrDenied or ErrUnavailable when nothing was stored, ErrUnknownOutcome when time ran out before that was known, and
// what the codec returns.
func (s *Store) Append(ctx context.Context, stream string, expected eventstore.Expected, drafts []eventstore.Draft,
) (eventstore.Appended, []eventstore.Envelope, error) {
	records, envelopes, err := s.codec.Prepare(ctx, stream, expected, drafts)
	if err != nil {
		return eventstore.Appended{}, nil, err
	}
	appended, err := s.write(ctx, stream, expected, records)
	if err != nil {
		return eventstore.Appended{}, nil, fmt.Errorf("append to %s: %w", stream, err)
	}
	first := appended.Revision - uint64(len(envelopes)-1) // a deleted stream goes on where it ended
	for i := range envelopes {
		envelopes[i].Revision, envelopes[i].Position = first+uint64(i), appended.Position
	}
	return appended, envelopes, nil
}

func (s *Store) write(ctx context.Context, stream string, expected eventstore.Expected, records []eventstore.Recorded,
) (eventstore.Appended, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.AppendTimeout)
	defer cancel()
	appended, outcome := s.options.Batches.Append(ctx, stream, expected, records)
	if outcome == batches.Stored {
		return appended, nil
	}
	events := make([]esdb.EventData, len(records))
	for i, record := range records {
		events[i] = esdb.EventData{
			EventID: record.ID, EventType: record.Type, ContentType: esdb.ContentTypeJson,
			Data: record.Data, Metadata: record.Metadata,
		}
	}
	options := esdb.AppendToStreamOptions{ExpectedRevision: revision(expected)}
	result, err := try(ctx, s, func(ctx context.Context, client *esdb.Client) (*esdb.WriteResult, error) {
		return client.AppendToStream(ofLeader(ctx), stream, options, events...)
	})
	switch {
	case err == nil:
		return eventstore.Appended{
			Revision: result.NextExpectedVersion,
			Position: eventstore.Position{Commit: result.CommitPosition, Prepare: result.PreparePosition},
		}, nil
	case err.mayHaveHappened, outcome == batches.Unknown && errors.Is(err.rule, eventstore.ErrUnavailable):
		return eventstore.Appended{}, errors.Join(eventstore.ErrUnknownOutcome, err.cause)
	}
	return eventstore.Appended{}, errors.Join(err.rule, err.cause)
}

func (s *Store) page(ctx context.Context, stream string, from uint64) ([]eventstore.Recorded, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.LoadTimeout)
	defer cancel()
	page, err := try(ctx, s, func(ctx context.Context, client *esdb.Client) ([]eventstore.Recorded, error) {
		return read(ctx, client, stream, from)
	})
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", stream, errors.Join(err.rule, err.cause))
	}
	return page, nil
}

func read(ctx context.Context, client *esdb.Client, stream string, from uint64) ([]eventstore.Recorded, error) {
	options := esdb.ReadStreamOptions{Direction: esdb.Forwards, From: esdb.Revision(from)}
	reading, err := client.ReadStream(ofLeader(ctx), stream, options, pageSize)
	if err != nil {
		return nil, err
	}
	defer reading.Close()
	var page []eventstore.Recorded
	for {
		resolved, err := reading.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return page, ctx.Err() // a read that was cut short may end like one that is complete
		case isMissing(err):
			return nil, nil
		case err != nil:
			return nil, err
		}
		page = append(page, recorded(resolved.Event))
	}
}

// ofLeader has a call refused by any node but the leader. A follower may lag: a login must not be judged by a password
// that was changed a moment ago. The client's own option for it reaches no server.
func ofLeader(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}

func recorded(event *esdb.RecordedEvent) eventstore.Recorded {
	return eventstore.Recorded{
		ID: event.EventID, Stream: event.StreamID, Revision: event.EventNumber,
		Position: eventstore.Position{Commit: event.Position.Commit, Prepare: event.Position.Prepare},
		Type:     event.EventType, Data: event.Data, Metadata: event.UserMetadata, Created: event.CreatedDate,
	}
}

func revision(expected eventstore.Expected) esdb.ExpectedRevision {
	if expected == eventstore.NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(expected))
}
