package readmodel

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Onboarding is how far the steps after a sign-up have come.
type Onboarding struct {
	Steps []Step `json:"steps"`
}

// Step is one step. Status is "done"; "pending", not tried yet; "retrying" after a failed try; or "failed", given up
// until an operator tries it again. Attempts and LastError are the job queue's, for as long as it remembers the job.
type Step struct {
	Name      string     `json:"name"`
	Status    string     `json:"status"`
	Attempts  int        `json:"attempts"`
	LastError string     `json:"last_error,omitempty"`
	DoneAt    *time.Time `json:"done_at,omitempty"`
}

// maxError is how much of an error is shown, in bytes.
const maxError = 200

// job is what the queue knows of a step.
type job struct {
	state     string
	attempts  int
	lastError string
}

// Onboarding returns the steps of a user, or ErrNotFound. The mail step is there if the address is to be verified.
func (r *Reader) Onboarding(ctx context.Context, user uuid.UUID) (Onboarding, error) {
	var mailWanted bool
	var trial, profile, role, mail, token *time.Time
	jobs := make(map[string]job)
	batch := &pgx.Batch{}
	batch.Queue(`SELECT mail_wanted, trial_at, profile_at, role_at, mail_at, token_at FROM onboarding
		WHERE user_id = $1 AND created_at IS NOT NULL`, [16]byte(user)).
		QueryRow(func(row pgx.Row) error { return row.Scan(&mailWanted, &trial, &profile, &role, &mail, &token) })
	batch.Queue(`SELECT args ->> 'step', state::text, attempt, coalesce(errors[array_upper(errors, 1)] ->> 'error', '')
		FROM river_job WHERE args @> jsonb_build_object('user_id', $1::text) AND args ? 'step' ORDER BY id`, user.String()).
		Query(func(rows pgx.Rows) error {
			var step string
			var j job
			_, err := pgx.ForEachRow(rows, []any{&step, &j.state, &j.attempts, &j.lastError}, func() error {
				jobs[step] = j // the newest job of a step counts
				return nil
			})
			return err
		})
	err := r.pool.SendBatch(ctx, batch).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return Onboarding{}, ErrNotFound
	}
	if err != nil {
		return Onboarding{}, err
	}
	steps := []Step{step("trial", trial, jobs), step("profile", profile, jobs), step("role", role, jobs)}
	if mailWanted {
		steps = append(steps, step("mail", mail, jobs))
	}
	return Onboarding{Steps: append(steps, step("token", token, jobs))}, nil
}

// step combines what the log says, which decides, with what the queue says.
func step(name string, doneAt *time.Time, jobs map[string]job) Step {
	j := jobs[name]
	s := Step{Name: name, Status: "pending", Attempts: j.attempts}
	switch {
	case doneAt != nil:
		at := doneAt.UTC()
		s.Status, s.DoneAt, s.Attempts = "done", &at, max(1, j.attempts)
		return s
	case j.state == "discarded" || j.state == "cancelled":
		s.Status = "failed"
	case j.lastError != "":
		s.Status = "retrying"
	}
	s.LastError, _, _ = strings.Cut(j.lastError, "\n")
	if len(s.LastError) > maxError {
		s.LastError = strings.ToValidUTF8(s.LastError[:maxError], "") + "…"
	}
	return s
}
