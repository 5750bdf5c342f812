package readmodel

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"
)

// ErrNotFound is a row that is not there: there is no such thing, or its event has not been projected yet. The
// stream knows which.
var ErrNotFound = errors.New("no such row")

// Reader answers questions from the tables. It is safe for concurrent use. Rows are not cached: an answer is as fresh
// as they are.
type Reader struct {
	pool *pgxpool.Pool
	seen *expirable.LRU[uuid.UUID, time.Time]
	// lists are the turns of those who read pages of users.
	lists *semaphore.Weighted
	// examines is mostExamined but in tests.
	examines int
}

// New makes a reader.
func New(pool *pgxpool.Pool) *Reader {
	return &Reader{
		pool: pool, seen: expirable.NewLRU[uuid.UUID, time.Time](seenSessions, nil, 0),
		lists: semaphore.NewWeighted(listsAtOnce), examines: mostExamined,
	}
}

// Version tells up to which event of its stream a row has come: the event's revision in the stream and its place in
// the log. It is what ETag and the comparison with a Consistency-Token are made of.
type Version struct {
	Revision uint64
	Position uint64 // the commit position
}

// row reads one row; none is ErrNotFound.
func (r *Reader) row(ctx context.Context, sql string, args []any, into ...any) error {
	err := r.pool.QueryRow(ctx, sql, args...).Scan(into...)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// utc turns times into the zone in which they are shown.
func utc(times ...*time.Time) {
	for _, t := range times {
		if t != nil {
			*t = t.UTC()
		}
	}
}
