package codec

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// Encode returns the drafts as they are to be stored in the stream: id, stream, type, data and metadata; the store
// adds the rest. It sets the metadata's schema version, keys and default tenant, and makes missing keys.
//
// It returns eventstore.ErrErased if a person or credential that the drafts tell about was erased, an
// *eventstore.UnknownTypeError for an event of no module, and what the key ring returns.
func (c *Codec) Encode(ctx context.Context, stream string, drafts []eventstore.Draft) ([]eventstore.Recorded, error) {
	keys, err := c.keysFor(ctx, drafts)
	if errors.Is(err, keyring.ErrDestroyed) {
		return nil, fmt.Errorf("%w (%w)", eventstore.ErrErased, err)
	}
	if err != nil {
		return nil, err
	}
	b := c.boxes.Get().(*box)
	defer func() { b.empty(); c.boxes.Put(b) }()
	records := make([]eventstore.Recorded, len(drafts))
	for i, draft := range drafts {
		if records[i], err = c.encode(b, stream, draft, keys); err != nil {
			return nil, fmt.Errorf("event %s (%s) of %s: %w", draft.ID, draft.Event.EventType(), stream, err)
		}
	}
	return records, nil
}

func (c *Codec) encode(b *box, stream string, draft eventstore.Draft, keys subjectKeys) (eventstore.Recorded, error) {
	name := draft.Event.EventType()
	known, ok := c.types[name]
	if !ok || known.goType != reflect.TypeOf(draft.Event) {
		return eventstore.Recorded{}, &eventstore.UnknownTypeError{Type: name}
	}
	var personal, credential keyring.Key
	if event, ok := draft.Event.(domain.PersonalEvent); ok {
		personal = keys.of(event.Subject())
	}
	if event, ok := draft.Event.(domain.CredentialEvent); ok {
		credential = keys.of(event.Credential())
	}
	b.fill(stream, draft.ID, personal, credential, nil)
	data, err := json.Marshal(draft.Event, b.options)
	if err != nil {
		return eventstore.Recorded{}, err
	}
	meta := draft.Meta
	meta.SchemaVersion = known.version
	if meta.Tenant == "" {
		meta.Tenant = eventstore.DefaultTenant
	}
	meta.Keys = eventstore.Keys{}
	if b.personal.used {
		meta.Keys.Personal = personal.ID
	}
	if b.credential.used {
		meta.Keys.Credential = credential.ID
	}
	var client keyring.Key
	if subject, ok := clientSubject(draft); ok {
		client = keys.of(subject)
	}
	metadata, err := b.encodeMetadata(meta, client)
	return eventstore.Recorded{ID: draft.ID, Stream: stream, Type: name, Data: data, Metadata: metadata}, err
}

// subjectKeys are keys by subject; there are rarely more than three.
type subjectKeys struct {
	subjects []domain.ID
	keys     []keyring.Key
}

func (k subjectKeys) of(subject domain.ID) keyring.Key {
	if i := slices.Index(k.subjects, subject); i >= 0 && i < len(k.keys) {
		return k.keys[i]
	}
	return keyring.Key{}
}

// keysFor asks the ring once. When somebody was erased it asks again without those who merely sent the request: an
// event about others must not fail because its actor was erased meanwhile.
func (c *Codec) keysFor(ctx context.Context, drafts []eventstore.Draft) (subjectKeys, error) {
	var needed, wanted []domain.ID
	for _, draft := range drafts {
		if event, ok := draft.Event.(domain.PersonalEvent); ok {
			needed = add(needed, event.Subject())
		}
		if event, ok := draft.Event.(domain.CredentialEvent); ok {
			needed = add(needed, event.Credential())
		}
		if subject, ok := clientSubject(draft); ok {
			wanted = add(wanted, subject)
		}
	}
	all := slices.Clone(needed)
	for _, subject := range wanted {
		all = add(all, subject)
	}
	if len(all) == 0 {
		return subjectKeys{}, nil
	}
	keys, err := c.keys.Active(ctx, all...)
	if errors.Is(err, keyring.ErrDestroyed) && len(all) > len(needed) {
		all = needed
		keys, err = c.keys.Active(ctx, all...)
	}
	return subjectKeys{all, keys}, err
}

// add leaves out zero ids: nobody has no key.
func add(ids []domain.ID, id domain.ID) []domain.ID {
	if id.IsZero() || slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}
