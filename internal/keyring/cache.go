package keyring

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"am-user-management/domain"
)

const (
	// cacheTTL is how long a key may be used after another instance destroyed it.
	cacheTTL = time.Minute
	// cacheSize bounds the keys in memory; one takes about a kilobyte.
	cacheSize = 16384
)

// held is a key with what the ring knows about it.
type held struct {
	key     Key
	subject domain.ID
	loaded  time.Time
}

// cache keeps keys for a while, by their id and by their subject.
type cache struct {
	now func() time.Time

	mu       sync.Mutex
	epoch    uint64 // counts calls of forget
	byID     *simplelru.LRU[domain.ID, held]
	subjects *simplelru.LRU[domain.ID, domain.ID] // subject → id
}

func newCache(now func() time.Time) (*cache, error) {
	byID, err := simplelru.NewLRU[domain.ID, held](cacheSize, nil)
	if err != nil {
		return nil, err
	}
	subjects, err := simplelru.NewLRU[domain.ID, domain.ID](cacheSize, nil)
	return &cache{now: now, byID: byID, subjects: subjects}, err
}

// byIDs puts the keys that are known into keys and returns the ids that are not, once each, and the epoch.
func (c *cache) byIDs(ids []domain.ID, keys []Key) (missing []domain.ID, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	var asked map[domain.ID]bool
	for i, id := range ids {
		if h, ok := c.fresh(id, now); ok {
			keys[i] = h.key
		} else if !asked[id] {
			if asked == nil {
				asked = map[domain.ID]bool{}
			}
			asked[id] = true
			missing = append(missing, id)
		}
	}
	return missing, c.epoch
}

// bySubjects is byIDs for subjects, without the epoch: that is of the statement, which may start later.
func (c *cache) bySubjects(subjects []domain.ID, keys []Key) (missing []domain.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	var asked map[domain.ID]bool
	for i, subject := range subjects {
		id, known := c.subjects.Get(subject)
		if h, ok := c.fresh(id, now); known && ok {
			keys[i] = h.key
		} else if !asked[subject] {
			if asked == nil {
				asked = map[domain.ID]bool{}
			}
			asked[subject] = true
			missing = append(missing, subject)
		}
	}
	return missing
}

// started is the epoch of a statement that starts now.
func (c *cache) started() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

func (c *cache) fresh(id domain.ID, now time.Time) (held, bool) {
	h, ok := c.byID.Get(id)
	if ok && now.Sub(h.loaded) >= cacheTTL {
		c.byID.Remove(id)
		return held{}, false
	}
	return h, ok
}

// keep adds what was read since epoch, unless something was forgotten meanwhile: it could be that.
func (c *cache) keep(read []held, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	for _, h := range read {
		c.byID.Add(h.key.ID, h)
		c.subjects.Add(h.subject, h.key.ID)
	}
}

// forget drops the key of a subject.
func (c *cache) forget(subject domain.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.subjects.Remove(subject)
	for _, id := range c.byID.Keys() { // a subject may have dropped out of subjects before
		if h, ok := c.byID.Peek(id); ok && h.subject == subject {
			c.byID.Remove(id)
		}
	}
}
