package keyring

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/google/uuid"

	"am-user-management/domain"
)

// Memory is a ring that ends with the process, for tests. NewMemory makes it.
type Memory struct {
	mu       sync.Mutex
	subjects map[domain.ID]domain.ID // subject → key id
	keys     map[domain.ID]Key
}

// NewMemory returns an empty ring.
func NewMemory() *Memory {
	return &Memory{subjects: map[domain.ID]domain.ID{}, keys: map[domain.ID]Key{}}
}

// Active returns a key for each subject, in their order, and makes those that are missing. If one of them was
// destroyed it returns ErrDestroyed and makes nothing.
func (m *Memory) Active(_ context.Context, subjects ...domain.ID) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, subject := range subjects {
		if m.keys[m.subjects[subject]].Destroyed {
			return nil, ErrDestroyed
		}
	}
	keys := make([]Key, len(subjects))
	for i, subject := range subjects {
		id, ok := m.subjects[subject]
		if !ok {
			key, _, err := newKey()
			if err != nil {
				return nil, err
			}
			id = key.ID
			m.subjects[subject], m.keys[id] = id, key
		}
		keys[i] = m.keys[id]
	}
	return keys, nil
}

// ByID returns the keys of these ids, in their order; destroyed ones are marked. A missing one is an UnknownKeyError.
func (m *Memory) ByID(_ context.Context, ids ...domain.ID) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := make([]Key, len(ids))
	for i, id := range ids {
		key, ok := m.keys[id]
		if !ok {
			return nil, &UnknownKeyError{ID: id}
		}
		keys[i] = key
	}
	return keys, nil
}

// Destroy destroys the subject's key for ever; a subject without one can have none from now on.
func (m *Memory) Destroy(_ context.Context, subject domain.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.subjects[subject]
	if !ok {
		id = newID()
		m.subjects[subject] = id
	}
	m.keys[id] = Key{ID: id, Destroyed: true}
	return nil
}

// newKey makes a random key, and returns its secret bytes too.
func newKey() (Key, []byte, error) {
	secret := make([]byte, secretSize)
	rand.Read(secret)
	key, err := NewKey(newID(), secret)
	return key, secret, err
}

// newID is random on purpose: a key's id must not tell whose it is.
func newID() domain.ID { return domain.ID(uuid.New()) }
