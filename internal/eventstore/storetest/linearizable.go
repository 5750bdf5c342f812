package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"am-user-management/internal/eventstore"
)

// call is one operation on a stream: an append of some ids, or, without ids, a load.
type call struct {
	expected eventstore.Expected
	ids      []uuid.UUID
}

// reply is what the store said.
type reply struct {
	conflict bool
	revision uint64      // of an append
	ids      []uuid.UUID // of a load
}

// streamModel is the store by the book: one sequence of ids.
var streamModel = porcupine.Model{
	Init:  func() any { return []uuid.UUID(nil) },
	Equal: func(a, b any) bool { return slices.Equal(a.([]uuid.UUID), b.([]uuid.UUID)) },
	Step: func(state, input, output any) (bool, any) {
		ids, in, out := state.([]uuid.UUID), input.(call), output.(reply)
		if in.ids == nil {
			return slices.Equal(ids, out.ids), ids
		}
		next := int(in.expected) + 1
		last := next + len(in.ids) - 1
		switch {
		case next == len(ids):
			return !out.conflict && out.revision == uint64(last), append(slices.Clip(ids), in.ids...)
		case last < len(ids) && slices.Equal(ids[next:last+1], in.ids):
			return !out.conflict && out.revision == uint64(last), ids
		}
		return out.conflict, ids
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v → %v", input, output) },
	DescribeState:     func(state any) string { return strings.Trim(fmt.Sprint(state), "[]") },
}

// linearizable races writers that append where they believe the end to be, repeat some appends, and load; there must
// be one order of all calls that explains all answers.
func linearizable(t *testing.T, store, _ Store) {
	const workers, rounds = 6, 25
	stream := newStream()
	start := time.Now() //nolint:forbidigo // the order of real calls is what is judged
	var mu sync.Mutex
	var history []porcupine.Operation
	var group sync.WaitGroup
	for worker := range workers {
		random := rand.New(rand.NewPCG(7, uint64(worker)))
		group.Go(func() {
			believed := eventstore.NoStream
			var batch []eventstore.Draft
			var at eventstore.Expected
			for range rounds {
				op := porcupine.Operation{ClientId: worker, Call: int64(time.Since(start))}
				switch choice := random.IntN(4); {
				case choice == 0:
					got, err := store.Load(t.Context(), stream, 0)
					if err != nil {
						t.Errorf("load: %v", err)
						return
					}
					var out reply
					for _, envelope := range got {
						out.ids = append(out.ids, envelope.ID)
					}
					believed = eventstore.Expected(len(got) - 1)
					op.Input, op.Output = call{}, out
				default:
					if choice != 1 || batch == nil { // 1 repeats the last append
						batch, at = drafts(1+random.IntN(2)), believed
					}
					in := call{expected: at}
					for _, draft := range batch {
						in.ids = append(in.ids, draft.ID)
					}
					appended, _, err := store.Append(t.Context(), stream, at, batch)
					if err != nil && !errors.Is(err, eventstore.ErrConflict) {
						t.Errorf("append: %v", err)
						return
					}
					if err == nil {
						believed = max(believed, eventstore.Expected(appended.Revision))
					} else {
						believed++
					}
					op.Input, op.Output = in, reply{conflict: err != nil, revision: appended.Revision}
				}
				op.Return = int64(time.Since(start))
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if result := porcupine.CheckOperationsTimeout(streamModel, history, 20*time.Second); result != porcupine.Ok {
		t.Fatalf("no order explains the answers to %d calls: %s", len(history), result)
	}
}
