// Package codec turns domain events into the JSON that is stored, and back. It is the only reader and writer of
// that JSON, shared by aggregates, projectors, sagas and auditors, because three things must never differ between
// them: which types are known, how old versions are read, and how personal and secret text is encrypted.
//
// A sealed field is a base64 string of nonce, ciphertext and tag (AES-256-GCM). It is bound to its place (the stream,
// the event, the field), so that it opens nowhere else. A field whose key was destroyed decodes to a visible "erased"
// value; a field whose key is missing is an error.
//
// It imports the domain and its modules, eventstore, keyring and the JSON package.
package codec

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"sync"

	"am-user-management/domain"
	"am-user-management/internal/keyring"
)

// Keys is what the codec needs of a key ring.
type Keys interface {
	// Active returns a key for each subject, in their order, and makes those that are missing. One destroyed subject
	// is keyring.ErrDestroyed.
	Active(ctx context.Context, subjects ...domain.ID) ([]keyring.Key, error)
	// ByID returns the keys of these ids, in their order. A missing one is a *keyring.UnknownKeyError.
	ByID(ctx context.Context, ids ...domain.ID) ([]keyring.Key, error)
}

// Codec encodes and decodes the events of the modules that it was made with. It may be used from many goroutines.
type Codec struct {
	keys    Keys
	types   map[string]eventType
	upcasts map[version]Upcast
	boxes   sync.Pool // of *box
}

// eventType is one name on the wire.
type eventType struct {
	goType  reflect.Type
	version int // of the fields that are written today
	layout  layout
}

var wireName = regexp.MustCompile(`^[a-z]+\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*$`)

// New returns a codec for the events of these modules, each given by one value. It returns an error for what would
// break at run time: two types of one name, a malformed name, personal text without a subject, a secret without a
// credential.
func New(keys Keys, modules ...[]domain.Event) (*Codec, error) {
	c := &Codec{
		keys:    keys,
		types:   map[string]eventType{},
		upcasts: map[version]Upcast{},
		boxes:   sync.Pool{New: func() any { return newBox() }},
	}
	for _, module := range modules {
		for _, event := range module {
			if err := c.register(event); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// Knows reports whether an event of this type, in the version that is written today, can be decoded.
func (c *Codec) Knows(eventType string) bool {
	_, ok := c.types[eventType]
	return ok
}

func (c *Codec) register(event domain.Event) error {
	goType, name := reflect.TypeOf(event), event.EventType()
	if goType.Kind() != reflect.Struct {
		return fmt.Errorf("event %s is registered as %s, not as a struct", name, goType)
	}
	if !wireName.MatchString(name) {
		return fmt.Errorf("event name %q of %s is not module.snake_past.vN", name, goType)
	}
	if known, ok := c.types[name]; ok {
		return fmt.Errorf("event name %s belongs to both %s and %s", name, known.goType, goType)
	}
	if _, ok := event.(domain.PersonalEvent); !ok && contains(goType, personalType) {
		return fmt.Errorf("event %s has personal text and no Subject", name)
	}
	if _, ok := event.(domain.CredentialEvent); !ok && contains(goType, secretType) {
		return fmt.Errorf("event %s has a secret and no Credential", name)
	}
	if field := dropsCleared(goType); field != "" {
		return fmt.Errorf("event %s: field %s must be tagged omitempty, not omitzero", name, field)
	}
	c.types[name] = eventType{goType: goType, version: 1, layout: layoutOf(goType)}
	return nil
}
