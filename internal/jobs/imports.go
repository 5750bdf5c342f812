package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"am-user-management/domain"
)

// Imports carries out imports of users. What was done of one is not done again.
type Imports interface {
	// Run works on an import until it is done or the time comes; more tells that it is not done. thorough asks for an
	// end, also of rows that fail for no rule.
	Run(ctx context.Context, id domain.ID, until time.Time, thorough bool) (more bool, err error)
	// GiveUp ends an import that is not tried again.
	GiveUp(ctx context.Context, id domain.ID) error
}

const (
	// importWorkers is how many imports one process works on at once: while one records, the other appends.
	importWorkers = 2
	// importSlice is how long one attempt works before it lets another import have its turn.
	importSlice = 10 * time.Second
	// importTimeout bounds an attempt: less than stuckAfter.
	importTimeout = 35 * time.Second
	// thoroughAfter is the attempt, after an hour of failures, from which rows may fail without a rule.
	thoroughAfter = 12
)

// runImport asks to carry an import out.
type runImport struct {
	ImportID domain.ID `json:"import_id"`
}

// Kind never changes.
func (runImport) Kind() string { return "run_import" }

// InsertOpts makes the same import one job.
func (runImport) InsertOpts() river.InsertOpts { return once(importQueue) }

// InsertImportTx inserts the job of an import; it starts when tx commits.
func (q *Queue) InsertImportTx(ctx context.Context, tx pgx.Tx, id domain.ID) error {
	_, err := q.client.InsertTx(ctx, tx, runImport{ImportID: id}, nil)
	return err
}

// importWorker works on imports, by turns.
type importWorker struct {
	river.WorkerDefaults[runImport]
	imports Imports
	now     func() time.Time
}

// Timeout bounds one attempt.
func (w *importWorker) Timeout(*river.Job[runImport]) time.Duration { return importTimeout }

// Work does a slice of the import.
func (w *importWorker) Work(ctx context.Context, job *river.Job[runImport]) error {
	id := job.Args.ImportID
	more, err := w.imports.Run(ctx, id, w.now().Add(importSlice), job.Attempt >= thoroughAfter)
	switch {
	case err != nil && job.Attempt >= job.MaxAttempts:
		return errors.Join(err, w.imports.GiveUp(ctx, id))
	case err != nil:
		return err
	case more:
		return river.JobSnooze(0)
	}
	return nil
}
