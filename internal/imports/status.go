package imports

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// State is where an import stands.
type State string

// The states.
const (
	Queued  State = "QUEUED"
	Running State = "RUNNING"
	Done    State = "DONE"
	// GivenUp: something did not answer for so long that the rest was not tried any more.
	GivenUp State = "GIVEN_UP"
)

// Progress is how far an import is.
type Progress struct {
	ID                     domain.ID
	State                  State
	Total, Created, Failed int
	AcceptedAt             time.Time
	StartedAt, FinishedAt  *time.Time
	// Position is how far the log came by its users: a view that is there shows them.
	Position eventstore.Position
}

// Progress tells how far an import is. It returns ErrNotFound.
func (m *Imports) Progress(ctx context.Context, id domain.ID) (Progress, error) {
	p := Progress{ID: id}
	var gaveUp bool
	var commit, prepare int64
	err := m.pool.QueryRow(ctx, `
		SELECT total, created, failed, accepted_at, started_at, finished_at, gave_up, commit_position, prepare_position
		FROM imports WHERE import_id = $1`, [16]byte(id)).
		Scan(&p.Total, &p.Created, &p.Failed, &p.AcceptedAt, &p.StartedAt, &p.FinishedAt, &gaveUp, &commit, &prepare)
	if errors.Is(err, pgx.ErrNoRows) {
		return Progress{}, ErrNotFound
	}
	if err != nil {
		return Progress{}, err
	}
	p.Position = eventstore.Position{Commit: uint64(commit), Prepare: uint64(prepare)}
	p.AcceptedAt = p.AcceptedAt.UTC()
	for _, at := range []*time.Time{p.StartedAt, p.FinishedAt} {
		if at != nil {
			*at = at.UTC()
		}
	}
	switch {
	case gaveUp:
		p.State = GivenUp
	case p.FinishedAt != nil:
		p.State = Done
	case p.StartedAt != nil:
		p.State = Running
	default:
		p.State = Queued
	}
	return p, nil
}

// Results lists what came of rows with a number above after, in their order, at most limit; only those that were
// created, or failed, if created says so. Rows that are not done are not listed.
func (m *Imports) Results(ctx context.Context, id domain.ID, after, limit int, created *bool) ([]Result, error) {
	chunks := 2 + limit/chunkRows // hold as many rows, from the middle of the first on
	if created != nil {
		chunks = math.MaxInt32
	}
	rows, err := m.pool.Query(ctx, `
		SELECT results FROM import_chunks WHERE import_id = $1 AND last_row > $2 AND results IS NOT NULL
		ORDER BY first_row LIMIT $3`, [16]byte(id), after, chunks)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []Result
	for len(found) < limit && rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		var results []Result
		if err := json.Unmarshal([]byte(text), &results); err != nil {
			return nil, err
		}
		for _, result := range results {
			if result.Number > after && len(found) < limit && (created == nil || *created == result.Created()) {
				found = append(found, result)
			}
		}
	}
	return found, rows.Err()
}
