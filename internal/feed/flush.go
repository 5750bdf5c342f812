package feed

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"am-user-management/internal/eventstore"
)

// flushes are the turns whose position is further in memory than in its row. An event that nobody handles moves all
// projections at once: their rows are written together, in one round trip and one commit, and no more often than every
// Flush.
type flushes struct {
	write func(ctx context.Context, turns []*lease)
	every time.Duration
	limit time.Duration // how long one write may take

	mu      sync.Mutex
	waiting map[*lease]struct{} // nil if no write is to come
}

// soon has the position of a turn written.
func (f *flushes) soon(turn *lease) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting == nil {
		f.waiting = make(map[*lease]struct{})
		time.AfterFunc(f.every, f.run)
	}
	f.waiting[turn] = struct{}{}
}

func (f *flushes) run() {
	f.mu.Lock()
	turns := make([]*lease, 0, len(f.waiting))
	for turn := range f.waiting {
		turns = append(turns, turn)
	}
	f.waiting = nil
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), f.limit)
	defer cancel()
	f.write(ctx, turns)
}

// flush writes how far turns came. One that is over is left alone, one whose batch is about to write the row comes
// again soon.
func (c *checkpoints) flush(ctx context.Context, turns []*lease) {
	var batch pgx.Batch
	var held []*lease
	var upTo []eventstore.Position
	for _, turn := range turns {
		if turn.over() {
			continue
		}
		if !turn.writing.TryLock() {
			c.flushes.soon(turn)
			continue
		}
		defer turn.writing.Unlock()
		to := turn.position()
		if !turn.stored.Less(to) {
			continue
		}
		held, upTo = append(held, turn), append(upTo, to)
		batch.Queue(advanceRow, advanceArgs(turn.name, turn.epoch, turn.stored, to)...)
	}
	if len(held) == 0 {
		return
	}
	results := c.pool.SendBatch(ctx, &batch)
	written := make([]bool, len(held))
	var failure error
	for i := range held {
		tag, err := results.Exec()
		written[i] = err == nil && tag.RowsAffected() == 1
		if failure == nil {
			failure = err
		}
	}
	if err := results.Close(); failure == nil {
		failure = err
	}
	for i, turn := range held {
		switch {
		case failure != nil: // none was written, or nobody knows; a row that was is found out by the next comparison
			c.flushes.soon(turn)
		case written[i]:
			turn.stored = upTo[i]
		default:
			turn.lose()
		}
	}
}
