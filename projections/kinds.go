package projections

import (
	"am-user-management/internal/eventstore"
)

// byStream makes a table whose rows each fold the whole of one stream.
func byStream[K comparable, R any, P marked[R]](
	name string, events map[string]bool, key func(*eventstore.Envelope) (K, bool), fold func(P, *eventstore.Envelope),
	keyColumn column[R], columns ...column[R],
) *table[K, R, P] {
	all := append([]column[R]{
		keyColumn,
		plain("revision", "bigint", func(r *R) *int64 { return &P(r).applied().Revision }),
		plain("position", "bigint", func(r *R) *int64 { return &P(r).applied().Position }),
	}, columns...)
	return &table[K, R, P]{
		name: name, events: events, key: key, fold: fold, guard: byRevision, columns: all,
		starts: func(e *eventstore.Envelope) bool { return e.Revision == 0 },
		sql:    prepare(name, byRevision, all),
	}
}

// byLog makes a table whose rows fold events of several streams, in the order of the log. starts tells the event that
// is always the first of its row.
func byLog[K comparable, R any, P marked[R]](
	name string, events map[string]bool, key func(*eventstore.Envelope) (K, bool), fold func(P, *eventstore.Envelope),
	starts func(*eventstore.Envelope) bool, keyColumn column[R], columns ...column[R],
) *table[K, R, P] {
	all := append([]column[R]{
		keyColumn,
		plain("position", "bigint", func(r *R) *int64 { return &P(r).applied().Position }),
	}, columns...)
	return &table[K, R, P]{
		name: name, events: events, key: key, fold: fold, starts: starts, guard: byPosition, columns: all,
		sql: prepare(name, byPosition, all),
	}
}
