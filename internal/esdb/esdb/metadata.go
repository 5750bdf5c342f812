package esdb

import (
	"fmt"
	"strings"
	"time"
)

// StreamMetadata says how long a stream's events are kept, how they may be
// cached and by whom they may be used. Its zero value says nothing.
type StreamMetadata struct {
	maxCount       *uint64
	maxAge         *time.Duration
	truncateBefore *uint64
	cacheControl   *time.Duration
	acl            any // Acl, or one of the two texts, or nil
	custom         map[string]any
}

// SetMaxCount keeps only the last count events.
func (m *StreamMetadata) SetMaxCount(count uint64) { m.maxCount = &count }

// SetMaxAge keeps events for so long, in whole seconds.
func (m *StreamMetadata) SetMaxAge(age time.Duration) { m.maxAge = &age }

// SetTruncateBefore hides events of lower revisions.
func (m *StreamMetadata) SetTruncateBefore(revision uint64) { m.truncateBefore = &revision }

// SetCacheControl lets readers cache the stream's head for so long, in whole seconds.
func (m *StreamMetadata) SetCacheControl(age time.Duration) { m.cacheControl = &age }

// SetAcl takes an Acl, UserStreamAcl or SystemStreamAcl. Anything else makes
// ToJson fail.
func (m *StreamMetadata) SetAcl(acl interface{}) {
	if pointer, ok := acl.(*Acl); ok && pointer != nil {
		acl = *pointer
	}
	m.acl = acl
}

// AddCustomProperty keeps a value of the caller's own. Keys that begin with $
// belong to the store and are not written.
func (m *StreamMetadata) AddCustomProperty(key string, value interface{}) {
	if m.custom == nil {
		m.custom = make(map[string]any)
	}
	m.custom[key] = value
}

// MaxCount is nil if not set.
func (m StreamMetadata) MaxCount() *uint64 { return m.maxCount }

// MaxAge is nil if not set.
func (m StreamMetadata) MaxAge() *time.Duration { return m.maxAge }

// TruncateBefore is nil if not set.
func (m StreamMetadata) TruncateBefore() *uint64 { return m.truncateBefore }

// CacheControl is nil if not set.
func (m StreamMetadata) CacheControl() *time.Duration { return m.cacheControl }

// Acl is an Acl, UserStreamAcl, SystemStreamAcl or nil.
func (m StreamMetadata) Acl() interface{} { return m.acl }

// StreamAcl is the Acl, or nil if there is none or a text in its place.
func (m StreamMetadata) StreamAcl() *Acl {
	if acl, ok := m.acl.(Acl); ok {
		return &acl
	}
	return nil
}

// IsUserStreamAcl tells whether UserStreamAcl stands in place of an Acl.
func (m StreamMetadata) IsUserStreamAcl() bool { return m.acl == any(UserStreamAcl) }

// IsSystemStreamAcl tells whether SystemStreamAcl stands in place of an Acl.
func (m StreamMetadata) IsSystemStreamAcl() bool { return m.acl == any(SystemStreamAcl) }

// CustomProperty is nil if there is none of that key.
func (m StreamMetadata) CustomProperty(key string) interface{} { return m.custom[key] }

// CustomProperties are the values of the caller's own.
func (m StreamMetadata) CustomProperties() map[string]interface{} { return m.custom }

func isReserved(key string) bool { return strings.HasPrefix(key, "$") }

func checkAclText(text string) error {
	if text != UserStreamAcl && text != SystemStreamAcl {
		return fmt.Errorf("%q stands for no access rule", text)
	}
	return nil
}
