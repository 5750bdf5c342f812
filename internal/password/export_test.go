package password

import "testing"

// Occupy takes a slot until release.
func (h *Hasher) Occupy(t *testing.T) (release func()) {
	t.Helper()
	if err := h.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h.leave
}

// QueueLength is how many can wait while all slots are taken.
func (h *Hasher) QueueLength() int { return cap(h.queue) - cap(h.slots) }
