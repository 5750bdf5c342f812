package store

import (
	"slices"
	"time"
)

// placeMetadata adds one metadata event of a stream and puts it in force.
func (q *sequencer) placeMetadata(stream string, e *Event, now time.Time) (*Record, error) {
	name := metastreamPrefix + stream
	h, err := q.head(name)
	if err != nil {
		return nil, err
	}
	next := *h
	next.last++
	record, err := q.place(e, name, uint64(next.last), now)
	if err != nil {
		return nil, err
	}
	next.position = record.Position
	q.group.changed[name] = &next
	return record, q.setMetadata(stream, record)
}

// setMetadata makes record the metadata in force of stream. Metadata of a metastream has no effect.
func (q *sequencer) setMetadata(stream string, record *Record) error {
	if IsMetastream(stream) {
		return nil
	}
	h, err := q.head(stream)
	if err != nil {
		return err
	}
	next := *h
	next.hasMetadata, next.position = true, record.Position
	next.cut = parseCut(record.JSON, record.Data)
	q.group.changed[stream] = &next
	return nil
}

// metadataWritten puts into force what a client wrote to a metastream. On a soft-deleted stream that lifts the
// deletion, and the old events stay hidden.
func (q *sequencer) metadataWritten(stream string, record *Record, now time.Time) error {
	h, err := q.head(stream)
	if err != nil {
		return err
	}
	if err := q.setMetadata(stream, record); err != nil || !h.softDeleted() {
		return err
	}
	return q.undelete(stream, h.last+1, now)
}

// undelete writes the metadata in force once more, with the events before revision first hidden. Metadata that is no object
// stays as it is, and hides nothing.
func (q *sequencer) undelete(stream string, first int64, now time.Time) error {
	current, err := q.lastRecord(metastreamPrefix + stream)
	if err != nil {
		return err
	}
	data, ok := withTruncateBefore(current.Data, first)
	if !ok {
		return nil
	}
	event := Event{ID: q.newID(), Type: MetadataType, JSON: true, Data: data}
	_, err = q.placeMetadata(stream, &event, now)
	return err
}

// lastRecord returns a stream's last event; the stream must have one.
func (q *sequencer) lastRecord(stream string) (*Record, error) {
	h, err := q.head(stream)
	if err != nil {
		return nil, err
	}
	return q.record(stream, uint64(h.last))
}

// record returns the event of a revision, whether or not it is durable yet.
func (q *sequencer) record(stream string, revision uint64) (*Record, error) {
	for _, record := range slices.Backward(q.group.records) {
		if record.Revision == revision && string(record.Stream) == stream {
			return record, nil
		}
	}
	return loadRecord(q.store.db, stream, revision)
}
