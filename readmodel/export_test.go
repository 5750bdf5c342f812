package readmodel

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// Examining makes a page look through fewer entries of an index.
func (r *Reader) Examining(entries int) *Reader {
	r.examines = entries
	return r
}

// MostExamined is how many a page looks through, and Planning how the database is told to plan one.
const (
	MostExamined = mostExamined
	Planning     = planning
)

// Query is the statement of a page.
func (f UserFilter) Query(now time.Time, after UserPlace, limit int) (string, pgx.NamedArgs) {
	sql, args := f.query(now, after, mostExamined)
	args["limit"] = limit
	return sql, args
}
