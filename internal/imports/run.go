package imports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// Result is what came of a row.
type Result struct {
	Number int                 `json:"n"`
	User   domain.ID           `json:"id,omitzero"`
	Code   string              `json:"code,omitempty"`
	Title  string              `json:"title,omitempty"`
	Fields []domain.FieldError `json:"fields,omitempty"`
}

// Created reports whether the row made a user.
func (r Result) Created() bool { return r.Code == "" }

// errGivenUp is what rows get that could not be carried out for so long that nobody tries any more.
var errGivenUp = &domain.Error{Code: "import.given-up", Title: "This row could not be carried out; import it again to find out what is left of it."}

// errNoUser is what a row gets that nothing can be made of, for a cause that is in the log.
var errNoUser = &domain.Error{Code: "server.internal", Title: "The row failed; the cause is in the log."}

// header is what all rows of an import have in common.
type header struct {
	id         domain.ID
	request    commands.Request
	acceptedAt time.Time
	finished   bool
}

// Run carries an import out until it is done, or until a time comes that it looks at between chunks. more tells that
// there is more to do. An error means that something did not answer, and that Run should be called again; thorough
// says that this was tried often enough: rows that fail for no rule then fail for good.
func (m *Imports) Run(ctx context.Context, id domain.ID, until time.Time, thorough bool) (more bool, err error) {
	head, err := m.header(ctx, id)
	if errors.Is(err, ErrNotFound) || head.finished {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for {
		first, sealed, err := m.waiting(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		rows, err := m.open(id, first, sealed)
		if err != nil {
			return false, fmt.Errorf("import %s, row %d: %w", id, first, err)
		}
		results, position, err := m.carryOut(ctx, head, rows, thorough)
		if err != nil {
			return false, err
		}
		if err := m.record(ctx, id, first, results, position); err != nil {
			return false, err
		}
		if !m.clock().Before(until) {
			return true, nil
		}
	}
}

func (m *Imports) header(ctx context.Context, id domain.ID) (header, error) {
	head := header{id: id}
	var kind string
	err := m.pool.QueryRow(ctx, `
		UPDATE imports SET started_at = coalesce(started_at, $2) WHERE import_id = $1
		RETURNING actor_kind, actor_id, correlation_id, traceparent, accepted_at, finished_at IS NOT NULL`, [16]byte(id), m.clock()).
		Scan(&kind, &head.request.Actor.ID, (*[16]byte)(&head.request.CorrelationID), &head.request.Traceparent, &head.acceptedAt, &head.finished)
	if errors.Is(err, pgx.ErrNoRows) {
		return head, ErrNotFound
	}
	head.request.Actor.Kind = eventstore.ActorKind(kind)
	head.request.CommandID, head.request.At = uuid.UUID(id), head.acceptedAt.UTC()
	return head, err
}

// waiting is the next chunk.
func (m *Imports) waiting(ctx context.Context, id domain.ID) (first int32, sealed []byte, err error) {
	err = m.pool.QueryRow(ctx, `
		SELECT first_row, sealed FROM import_chunks WHERE import_id = $1 AND sealed IS NOT NULL
		ORDER BY first_row LIMIT 1`, [16]byte(id)).Scan(&first, &sealed)
	return first, sealed, err
}

// carryOut makes users of the rows that have no fault.
func (m *Imports) carryOut(ctx context.Context, head header, rows []Row, thorough bool) ([]Result, eventstore.Position, error) {
	users := commands.Import{Request: head.request, Rows: make([]commands.ImportRow, 0, len(rows))}
	for _, row := range rows {
		if row.User != nil {
			users.Rows = append(users.Rows, commands.ImportRow{Number: row.Number, User: *row.User})
		}
	}
	outcomes, position, err := m.importer.ImportUsers(ctx, users)
	if err != nil {
		return nil, position, err
	}
	results := make([]Result, 0, len(rows))
	for _, row := range rows {
		if row.User == nil {
			results = append(results, *row.Fault)
			continue
		}
		outcome := outcomes[0]
		outcomes = outcomes[1:]
		result, err := m.result(ctx, head.id, row.Number, outcome, thorough)
		if err != nil {
			return nil, position, err
		}
		results = append(results, result)
	}
	return results, position, nil
}

// result is what a row's outcome is to its importer. An error means that the row has to be carried out again.
func (m *Imports) result(ctx context.Context, id domain.ID, number int, outcome commands.ImportOutcome, thorough bool) (Result, error) {
	if outcome.Err == nil {
		return Result{Number: number, User: outcome.User}, nil
	}
	rule, isRule := errors.AsType[*domain.Error](outcome.Err)
	switch {
	case isRule && rule.Kind != domain.Unavailable && rule.Kind != domain.Limited && !errors.Is(rule, commands.ErrConflict):
		return failed(number, rule), nil
	case !isRule && thorough && ctx.Err() == nil:
		m.logger.ErrorContext(ctx, "a row of an import failed", "import", id, "row", number, "error", outcome.Err)
		return failed(number, errNoUser), nil
	}
	return Result{}, fmt.Errorf("row %d: %w", number, outcome.Err)
}

func failed(number int, rule *domain.Error) Result {
	return Result{Number: number, Code: rule.Code, Title: rule.Title, Fields: rule.Fields}
}

// record replaces a chunk by its results, once.
func (m *Imports) record(ctx context.Context, id domain.ID, first int32, results []Result, position eventstore.Position) error {
	created := 0
	for _, result := range results {
		if result.Created() {
			created++
		}
	}
	text, err := json.Marshal(results)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, m.pool, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, `
			UPDATE import_chunks SET sealed = NULL, results = $3
			WHERE import_id = $1 AND first_row = $2 AND sealed IS NOT NULL`, [16]byte(id), first, string(text))
		if err != nil || done.RowsAffected() == 0 { // another process was faster
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE imports SET created = created + $2, failed = failed + $3,
				finished_at = CASE WHEN created + failed + $2 + $3 = total THEN $4::timestamptz END,
				commit_position = greatest(commit_position, $5), prepare_position = greatest(prepare_position, $6)
			WHERE import_id = $1`, [16]byte(id), created, len(results)-created, m.clock(), int64(position.Commit), int64(position.Prepare))
		return err
	})
}

// GiveUp ends an import whose job failed for the last time: what is left of it fails.
func (m *Imports) GiveUp(ctx context.Context, id domain.ID) error {
	for {
		first, sealed, err := m.waiting(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			_, err = m.pool.Exec(ctx, `UPDATE imports SET gave_up = true WHERE import_id = $1`, [16]byte(id))
			return err
		}
		if err != nil {
			return err
		}
		rows, err := m.open(id, first, sealed)
		if err != nil { // the server's secret was changed meanwhile
			_, err = m.pool.Exec(ctx, `UPDATE imports SET gave_up = true, finished_at = $2 WHERE import_id = $1`, [16]byte(id), m.clock())
			return err
		}
		results := make([]Result, len(rows))
		for i, row := range rows {
			results[i] = failed(row.Number, errGivenUp)
		}
		if err := m.record(ctx, id, first, results, eventstore.Position{}); err != nil {
			return err
		}
	}
}
