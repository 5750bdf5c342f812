package access

import (
	"context"

	lru "github.com/hashicorp/golang-lru/v2"

	"am-user-management/internal/node/store"
)

// latest caches what the last events of watched streams say. An answer costs one comparison while no watched stream
// changes, and a look at the stream's head after any of them has.
type latest[T any] struct {
	log *store.Store
	// parse makes a value of the stream's last visible event, nil if there is none.
	parse func(*store.Record) T
	kept  *lru.Cache[string, kept[T]]
}

// kept is the value of one stream in one state.
type kept[T any] struct {
	value T
	state state
	// asked is store.Watched as it was before the stream was looked at.
	asked uint64
}

// state tells whether a stream's last visible event may have become another one.
type state struct {
	first, last int64
	gone        bool
}

func newLatest[T any](log *store.Store, entries int, parse func(*store.Record) T) (*latest[T], error) {
	cache, err := lru.New[string, kept[T]](entries)
	return &latest[T]{log: log, parse: parse, kept: cache}, err
}

// of returns what the stream's last event says now.
func (l *latest[T]) of(ctx context.Context, stream string) (T, error) {
	asked := l.log.Watched()
	known, there := l.kept.Get(stream)
	if there && known.asked == asked {
		return known.value, nil
	}
	view, err := l.log.Stream(ctx, stream)
	if err != nil {
		return known.value, err
	}
	// The access list of a stream that is deleted for good stays in force: nobody learns more of it by deleting it.
	gone := !view.Found() || view.Tombstoned && !store.IsMetastream(stream)
	now := kept[T]{value: known.value, state: state{first: view.First, last: view.Last, gone: gone}, asked: asked}
	if !there || known.state != now.state {
		record, err := l.last(view, gone)
		if err != nil {
			return known.value, err
		}
		now.value = l.parse(record)
	}
	l.kept.Add(stream, now)
	return now.value, nil
}

func (l *latest[T]) last(view *store.Stream, gone bool) (*store.Record, error) {
	if gone {
		return nil, nil
	}
	var page store.Page
	if err := l.log.ReadStream(&page, view, view.Last, view.Last, true); err != nil || len(page.Records) == 0 {
		return nil, err
	}
	return page.Records[0], nil
}
