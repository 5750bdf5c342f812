package feed_test

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// foreseen is a projection whose every third event was applied by somebody else since its turn began.
type foreseen struct {
	*counted
	turns atomic.Int32
}

func (f *foreseen) Begin() { f.turns.Add(1) }

func (f *foreseen) Applied(stream string, revision uint64) bool {
	var of int
	if _, err := fmt.Sscanf(stream, "s-%d", &of); err != nil {
		return false
	}
	return f.turns.Load() > 0 && (int(revision)*16+of)%3 == 0
}

func TestEventsAppliedBeforeDoNotComeAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	projection := &foreseen{counted: &counted{name: "a"}}
	f, stop := b.run(t, b.options(projection))
	wait(t, f, "a", b.log.add(13)) // the last is one of them, and moves the position all the same
	elsewhere, _ := b.run(t, b.options(&counted{name: "a"}))
	wait(t, elsewhere, "a", at(12))
	stop()
	b.check(t, "a", 13, 0, 3, 6, 12)
	if turns := projection.turns.Load(); turns != 1 {
		t.Errorf("told of %d turns, want 1", turns)
	}
}
