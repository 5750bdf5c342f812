package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"am-user-management/internal/eventstore"
)

// mark is how far a row has come: the revision of the last event applied to it, and its place in the log.
type mark struct {
	Revision int64
	Position int64
}

func (m *mark) applied() *mark { return m }

// nothing is the mark of a row before its first event.
const nothing = -1

// marked is a pointer to a row.
type marked[R any] interface {
	*R
	applied() *mark
}

// table is the engine of one table with keys K and rows R. Its row is a pure function of the events of its key, so
// whoever has applied more events has the better row, and no two writers can spoil it.
type table[K comparable, R any, P marked[R]] struct {
	name   string
	events map[string]bool
	// key is the row that an event belongs to; false for none.
	key func(*eventstore.Envelope) (K, bool)
	// fold applies an event to a row. It sets the key of a row whose first event it is.
	fold func(P, *eventstore.Envelope)
	// starts reports whether no earlier event can belong to the event's row: nothing needs to be loaded then.
	starts func(*eventstore.Envelope) bool
	// guard tells old events from new ones.
	guard   guard
	columns []column[R] // the key is the first
	sql     statements
	// ahead is what was applied inline.
	ahead ahead
}

// guard is how a table tells an event that was applied before from one that was not.
type guard string

const (
	// byRevision: every row has a stream of its own, all of whose events are handled. A missing event shows.
	byRevision guard = "revision"
	// byPosition: rows take events from several streams.
	byPosition guard = "position"
)

// GapError is an event that does not follow the last one that its row has seen: events in between are missing. No
// retry helps.
type GapError struct {
	Table  string
	Stream string
	// Applied is the revision of the last event the row has seen, -1 for none; Revision is that of the event.
	Applied  int64
	Revision uint64
}

// Error names the gap.
func (e *GapError) Error() string {
	return fmt.Sprintf("table %s, stream %s: revision %d does not follow revision %d", e.Table, e.Stream, e.Revision, e.Applied)
}

// errUnwritten is the outcome of a panic.
var errUnwritten = errors.New("the rows were not written")

// Name is the name of the table and of the checkpoint.
func (t *table[K, R, P]) Name() string { return t.name }

// Handles reports whether events of this type change the table.
func (t *table[K, R, P]) Handles(eventType string) bool { return t.events[eventType] }

// Columns are those that it writes, the key first.
func (t *table[K, R, P]) Columns() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// Applied reports whether an event is in its row already. It says so once.
func (t *table[K, R, P]) Applied(stream string, revision uint64) bool {
	return t.ahead.take(stream, revision)
}

// Begin forgets what Applied knows: where a turn begins, Postgres may have gone back.
func (t *table[K, R, P]) Begin() { t.ahead.forget() }

func (t *table[K, R, P]) announce(stream string) (done func()) { return t.ahead.announce(stream) }

func (t *table[K, R, P]) applyInline(ctx context.Context, db querier, batch []eventstore.Envelope) error {
	end := t.ahead.begin(batch)
	err := errUnwritten
	defer func() { end(err) }()
	err = t.apply(ctx, db, batch)
	return err
}

// Apply brings the rows of a batch up to date with one SELECT, where rows may exist, and one upsert.
func (t *table[K, R, P]) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	return t.apply(ctx, tx, batch)
}

// querier is a transaction or a pool.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// rows are the rows of a batch, in the order of their first event.
type rows[K comparable, R any] struct {
	index   map[K]int
	keys    []K
	list    []*R
	changed []bool
}

// pending is an event whose row must be loaded first.
type pending struct {
	event *eventstore.Envelope
	row   int
}

func (t *table[K, R, P]) apply(ctx context.Context, db querier, batch []eventstore.Envelope) error {
	set := rows[K, R]{index: make(map[K]int, len(batch))}
	var loads []K
	var later []pending
	loading := make(map[int]bool)
	for i := range batch {
		event := &batch[i]
		if !t.events[event.Event.EventType()] {
			continue
		}
		key, ok := t.key(event)
		if !ok {
			continue
		}
		at, known := set.index[key]
		if !known {
			at = t.add(&set, key)
			if !t.starts(event) {
				loads, loading[at] = append(loads, key), true
			}
		}
		if loading[at] {
			later = append(later, pending{event, at})
		} else if err := t.advance(&set, at, event); err != nil {
			return err
		}
	}
	if len(loads) > 0 {
		if err := t.load(ctx, db, &set, loads); err != nil {
			return err
		}
		for _, p := range later {
			if err := t.advance(&set, p.row, p.event); err != nil {
				return err
			}
		}
	}
	return t.write(ctx, db, &set)
}

// add makes an empty row for the key.
func (t *table[K, R, P]) add(set *rows[K, R], key K) int {
	row := new(R)
	*P(row).applied() = mark{Revision: nothing, Position: nothing}
	set.index[key] = len(set.list)
	set.keys, set.list, set.changed = append(set.keys, key), append(set.list, row), append(set.changed, false)
	return len(set.list) - 1
}

// advance applies an event to its row unless the row has seen it.
func (t *table[K, R, P]) advance(set *rows[K, R], at int, event *eventstore.Envelope) error {
	row := P(set.list[at])
	m := row.applied()
	next := mark{Revision: int64(event.Revision), Position: int64(event.Position.Commit)}
	switch t.guard {
	case byRevision:
		if next.Revision <= m.Revision {
			return nil
		}
		if next.Revision != m.Revision+1 {
			return &GapError{Table: t.name, Stream: event.Stream, Applied: m.Revision, Revision: event.Revision}
		}
	case byPosition:
		if next.Position <= m.Position {
			return nil
		}
	}
	t.fold(row, event)
	*m = next
	set.changed[at] = true
	return nil
}

// load replaces the empty rows of the keys by what the table has.
func (t *table[K, R, P]) load(ctx context.Context, db querier, set *rows[K, R], keys []K) error {
	found, err := db.Query(ctx, t.sql.load, keys)
	if err != nil {
		return err
	}
	defer found.Close()
	targets := make([]any, len(t.columns)+1)
	for found.Next() {
		row, key := new(R), *new(K)
		targets[0] = &key
		for i := range t.columns {
			targets[i+1] = t.columns[i].target(row)
		}
		if err := found.Scan(targets...); err != nil {
			return err
		}
		set.list[set.index[key]] = row
	}
	return found.Err()
}

// write writes the rows that changed. A row that somebody has brought further meanwhile stays as it is.
func (t *table[K, R, P]) write(ctx context.Context, db querier, set *rows[K, R]) error {
	changed := make([]*R, 0, len(set.list))
	for i, row := range set.list {
		if set.changed[i] {
			changed = append(changed, row)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	arrays := make([]any, len(t.columns))
	for i := range t.columns {
		array, err := t.columns[i].array(changed)
		if err != nil {
			return err
		}
		arrays[i] = array
	}
	_, err := db.Exec(ctx, t.sql.upsert, arrays...)
	return err
}
