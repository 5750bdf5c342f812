package feed

import (
	"sort"

	"am-user-management/internal/eventstore"
)

// ring is the recent part of a log. Items are numbered from zero as they are added; the oldest give way to new ones.
type ring struct {
	maxItems, maxBytes int

	// from is where the ring begins: everything after it is here, or yet to come.
	from eventstore.Position
	// oldest is the number of the first item kept, next that of the item to be added.
	oldest, next uint64
	slots        []Item // item n is in slot n % maxItems
	bytes        int
}

// add keeps an item, and lets go of as many old ones as it takes the room of. One larger than the ring is kept alone.
// An item that is not after the last is a checkpoint that tells nothing new.
func (r *ring) add(item Item) {
	if !r.last().Less(item.At) {
		return
	}
	for r.oldest < r.next && (r.next-r.oldest >= uint64(r.maxItems) || r.bytes+item.size() > r.maxBytes) {
		r.drop()
	}
	if slot := r.next % uint64(r.maxItems); slot < uint64(len(r.slots)) {
		r.slots[slot] = item
	} else {
		r.slots = append(r.slots, item)
	}
	r.next++
	r.bytes += item.size()
}

func (r *ring) drop() {
	item := r.item(r.oldest)
	r.from = item.At
	r.bytes -= item.size()
	*item = Item{} // the ring does not keep the event alive any more
	r.oldest++
}

// item is the one of a number from oldest on, before next.
func (r *ring) item(number uint64) *Item { return &r.slots[number%uint64(r.maxItems)] }

// last is the position up to which the ring knows the log.
func (r *ring) last() eventstore.Position {
	if r.oldest == r.next {
		return r.from
	}
	return r.item(r.next - 1).At
}

// covers reports whether the ring has, or will have, everything after a position.
func (r *ring) covers(after eventstore.Position) bool { return !after.Less(r.from) }

// seek is the number of the first item after a position that is covered, or that of the next to be added.
func (r *ring) seek(after eventstore.Position) uint64 {
	kept := int(r.next - r.oldest)
	return r.oldest + uint64(sort.Search(kept, func(i int) bool { return after.Less(r.item(r.oldest + uint64(i)).At) }))
}

// recent reports whether the item of a number is in the newer half of the ring: who begins there is not about to fall
// out of it.
func (r *ring) recent(number uint64) bool { return number-r.oldest >= (r.next-r.oldest)/2 }
