package feed

import "am-user-management/internal/eventstore"

// waiter is somebody who waits for a position.
type waiter struct {
	wanted eventstore.Position
	news   chan struct{} // closed when there is an answer
	index  int           // in the heap; -1 when taken out
}

// waiters is a heap: the smallest wanted position first, so that an advance touches only those whom it serves.
type waiters []*waiter

func (w waiters) Len() int           { return len(w) }
func (w waiters) Less(i, j int) bool { return w[i].wanted.Less(w[j].wanted) }

func (w waiters) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].index, w[j].index = i, j
}

// Push is for container/heap.
func (w *waiters) Push(x any) {
	added := x.(*waiter)
	added.index = len(*w)
	*w = append(*w, added)
}

// Pop is for container/heap.
func (w *waiters) Pop() any {
	last := len(*w) - 1
	taken := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	taken.index = -1
	return taken
}
