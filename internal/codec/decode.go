package codec

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// DecodeError is an event that cannot be decoded, now or later: its type is unknown, its key is lost, its JSON or
// its sealed text is broken. Unlike the errors of a key ring that does not answer, trying again does not help.
type DecodeError struct {
	ID       uuid.UUID
	Stream   string
	Revision uint64
	Position eventstore.Position
	Type     string
	Err      error
}

// Error names the event and the cause.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("event %s (%s), revision %d of %s: %v", e.ID, e.Type, e.Revision, e.Stream, e.Err)
}

// Unwrap is the cause: *eventstore.UnknownTypeError, keyring.ErrUnknownKey, keyring.ErrSealed, or one of JSON.
func (e *DecodeError) Unwrap() error { return e.Err }

// Decode returns the events in their order, and asks the key ring once for all of them. It returns a *DecodeError
// for the first event that cannot be decoded, and the key ring's error if that does not answer.
func (c *Codec) Decode(ctx context.Context, records []eventstore.Recorded) ([]eventstore.Envelope, error) {
	stored := make([]storedMetadata, len(records))
	var ids []domain.ID
	seen := map[domain.ID]int{}
	for i := range records {
		if err := stored[i].read(records[i].Metadata); err != nil {
			return nil, failed(&records[i], fmt.Errorf("metadata: %w", err))
		}
		for _, id := range [...]domain.ID{stored[i].Keys.Personal, stored[i].Keys.Credential, stored[i].Keys.Client} {
			if _, ok := seen[id]; !ok && !id.IsZero() {
				seen[id] = len(ids)
				ids = append(ids, id)
			}
		}
	}
	keys, err := c.keysByID(ctx, ids, records, stored)
	if err != nil {
		return nil, err
	}
	keyOf := func(id domain.ID) keyring.Key {
		if i, ok := seen[id]; ok {
			return keys[i]
		}
		return keyring.Key{}
	}
	b := c.boxes.Get().(*box)
	defer func() { b.empty(); c.boxes.Put(b) }()
	envelopes := make([]eventstore.Envelope, len(records))
	for i := range records {
		if err := c.decode(b, &records[i], &stored[i], keyOf, &envelopes[i]); err != nil {
			return nil, failed(&records[i], err)
		}
	}
	return envelopes, nil
}

func (c *Codec) decode(b *box, record *eventstore.Recorded, stored *storedMetadata, keyOf func(domain.ID) keyring.Key,
	envelope *eventstore.Envelope,
) error {
	known, data, moved, err := c.current(record.Type, stored.SchemaVersion, record.Data)
	if err != nil {
		return err
	}
	b.fill(record.Stream, record.ID, keyOf(stored.Keys.Personal), keyOf(stored.Keys.Credential), moved)
	event := reflect.New(known.goType)
	if !known.layout.read(b, data, event.Elem()) {
		event.Elem().SetZero()
		if err := json.Unmarshal(data, event.Interface(), b.options); err != nil {
			return err
		}
	}
	meta, err := b.openMetadata(stored, keyOf(stored.Keys.Client))
	if err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	*envelope = eventstore.Envelope{
		ID: record.ID, Stream: record.Stream, Revision: record.Revision, Position: record.Position,
		Created: record.Created, Meta: meta, Event: event.Elem().Interface().(domain.Event),
	}
	return nil
}

// keysByID asks the ring once. A key that the ring does not have is the fault of the first event that needs it.
func (c *Codec) keysByID(ctx context.Context, ids []domain.ID, records []eventstore.Recorded, stored []storedMetadata,
) ([]keyring.Key, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys, err := c.keys.ByID(ctx, ids...)
	var unknown *keyring.UnknownKeyError
	if errors.As(err, &unknown) {
		i := slices.IndexFunc(stored, func(m storedMetadata) bool {
			return m.Keys.Personal == unknown.ID || m.Keys.Credential == unknown.ID || m.Keys.Client == unknown.ID
		})
		if i >= 0 {
			return nil, failed(&records[i], err)
		}
	}
	return keys, err
}

func failed(record *eventstore.Recorded, err error) *DecodeError {
	return &DecodeError{
		ID: record.ID, Stream: record.Stream, Revision: record.Revision, Position: record.Position,
		Type: record.Type, Err: err,
	}
}
