package logcopy

import (
	"context"
	"errors"
	"io"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// append writes events at an exact revision, and repeats the same call until it is known that it happened.
func (l *Log) append(ctx context.Context, stream string, expected esdb.ExpectedRevision, events []esdb.EventData) error {
	_, err := retried(ctx, l, "append", func(client *esdb.Client) (*esdb.WriteResult, error) {
		// Not cut short by ctx: whoever stops the copy would not know whether its last event is there.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), appendTime)
		defer cancel()
		return client.AppendToStream(ctx, stream, writing(expected), events...)
	})
	return err
}

// writing are the options of an append.
func writing(expected esdb.ExpectedRevision) esdb.AppendToStreamOptions {
	deadline := appendTime
	return esdb.AppendToStreamOptions{ExpectedRevision: expected, Deadline: &deadline, RequiresLeader: true}
}

// tombstone deletes a stream for good. Doing it again changes nothing.
func (l *Log) tombstone(ctx context.Context, stream string) error {
	_, err := retried(ctx, l, "delete", func(client *esdb.Client) (*esdb.DeleteResult, error) {
		return client.TombstoneStream(ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	})
	if hasCode(err, esdb.ErrorCodeStreamDeleted) {
		return nil
	}
	return err
}

// nextRevision is the revision that the stream's next event will have.
func (l *Log) nextRevision(ctx context.Context, stream string) (uint64, error) {
	// An append of nothing tells the stream's revision even where all its events are hidden from readers.
	result, err := retried(ctx, l, "ask for the revision", func(client *esdb.Client) (*esdb.WriteResult, error) {
		return client.AppendToStream(ctx, stream, writing(esdb.StreamExists{}))
	})
	if hasCode(err, esdb.ErrorCodeWrongExpectedVersion) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if result.NextExpectedVersion == 1 { // the client says 1 of a stream that has metadata and no events, too
		if _, err := l.readStream(ctx, stream, 0, 1); hasCode(err, esdb.ErrorCodeResourceNotFound) {
			return 0, nil
		}
	}
	return result.NextExpectedVersion + 1, nil
}

// readStream is at most count events of a stream from a revision on, up to the first one that is hidden from readers.
func (l *Log) readStream(ctx context.Context, stream string, from, count uint64) ([]*Event, error) {
	return retried(ctx, l, "read "+stream, func(client *esdb.Client) ([]*Event, error) {
		read, err := client.ReadStream(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Forwards, From: esdb.Revision(from)}, count)
		if err != nil {
			return nil, err
		}
		defer read.Close()
		var events []*Event
		for {
			resolved, err := read.Recv()
			if errors.Is(err, io.EOF) {
				return events, nil
			}
			if err != nil {
				return nil, err
			}
			event := resolved.OriginalEvent()
			if event.EventNumber != from+uint64(len(events)) { // the one before is hidden
				return events, nil
			}
			events = append(events, event)
		}
	})
}
