package http

import (
	"context"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/eventstore"
)

// Projections is how operators see and drive what follows the log. Its errors are ErrNoProjection, ErrNotHalted,
// ErrNotRebuildable and ErrRebuilding.
type Projections interface {
	// Status tells about every projection.
	Status(ctx context.Context) ([]ProjectionStatus, error)
	// Retry makes a halted projection try its event again.
	Retry(ctx context.Context, name string) error
	// Skip makes it go on after the event at a position, if it is halted there.
	Skip(ctx context.Context, name string, at eventstore.Position) error
	// Park makes it leave the stream of the event alone, if it is halted there.
	Park(ctx context.Context, name string, at eventstore.Position) error
	// Rebuild begins to make its table anew from the log.
	Rebuild(ctx context.Context, name string) error
}

// ProjectionStatus is how a projection does.
type ProjectionStatus struct {
	Name     string
	Position eventstore.Position
	// Lag is in positions of the log, BehindSeconds the age of the first event that was not passed.
	Lag             uint64
	BehindSeconds   float64
	EventsPerSecond float64
	// Halt is why it stands still, nil if it does not.
	Halt *ProjectionHalt
	// Parked are streams that it leaves alone; Rebuild is its last rebuild, nil if there was none.
	Parked  []ParkedStream
	Rebuild *ProjectionRebuild
}

// ParkedStream is a stream that a projection leaves alone, from an event on that it could not apply.
type ParkedStream struct {
	Stream   string    `json:"stream"`
	EventID  uuid.UUID `json:"event_id"`
	Error    string    `json:"error"`
	ParkedAt time.Time `json:"parked_at"`
}

// The states of a rebuild.
const (
	RebuildRunning   = "RUNNING"
	RebuildDone      = "DONE"
	RebuildFailed    = "FAILED"
	RebuildAbandoned = "ABANDONED" // whoever ran it is gone: ask for it again
)

// ProjectionRebuild is how a rebuild goes, or went.
type ProjectionRebuild struct {
	State                     string
	StartedAt                 time.Time
	FinishedAt                time.Time // zero while it runs
	Position                  eventstore.Position
	RepairedRows, RemovedRows int64 // that were not as the log says
	Error                     string
}

// ProjectionHalt is the event that a projection cannot apply.
type ProjectionHalt struct {
	Event    uuid.UUID
	Position eventstore.Position
	Error    string
	At       time.Time
}

// Jobs is how operators see and drive what leaves the process: mails and calls of other services.
type Jobs interface {
	// Page is at most limit jobs with an id above after, oldest first; state "" is any.
	Page(ctx context.Context, after int64, limit int, state string) ([]Job, error)
	// Retry makes a job start at once. The error is ErrNoJob.
	Retry(ctx context.Context, id int64) (Job, error)
}

// Job is one thing to do, or done.
type Job struct {
	ID          int64      `json:"id"`
	Kind        string     `json:"kind"`
	UserID      *domain.ID `json:"user_id,omitempty"`
	Step        string     `json:"step,omitempty"`
	State       string     `json:"state"`
	Attempts    int        `json:"attempts"`
	MaxAttempts int        `json:"max_attempts"`
	LastError   string     `json:"last_error,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	ScheduledAt time.Time  `json:"scheduled_at"`
	FinishedAt  *time.Time `json:"finished_at,omitempty"`
}

// The rules of operating.
var (
	ErrNoProjection   = &domain.Error{Kind: domain.NotFound, Code: "projection.not-found", Title: "No projection has this name."}
	ErrNotHalted      = &domain.Error{Kind: domain.Conflict, Code: "projection.not-halted", Title: "The projection is not halted, or not at this event."}
	ErrNotRebuildable = &domain.Error{Kind: domain.Conflict, Code: "projection.not-rebuildable", Title: "The projection keeps no table: what it does must not be done again."}
	ErrRebuilding     = &domain.Error{Kind: domain.Conflict, Code: "projection.rebuilding", Title: "The projection is being rebuilt already."}
	ErrNoJob          = &domain.Error{Kind: domain.NotFound, Code: "jobs.not-found", Title: "There is no such job."}
	ErrJobDone        = &domain.Error{Kind: domain.Conflict, Code: "jobs.done", Title: "The job was done; doing it again would repeat its effect."}
)

type projection struct {
	Name            string          `json:"name"`
	Position        string          `json:"position"`
	Lag             uint64          `json:"lag"`
	BehindSeconds   float64         `json:"behind_seconds"`
	EventsPerSecond float64         `json:"events_per_second"`
	Halted          *projectionHalt `json:"halted,omitempty"`
	Parked          []ParkedStream  `json:"parked,omitempty"`
	Rebuild         *rebuild        `json:"rebuild,omitempty"`
}

type rebuild struct {
	State        string     `json:"state"`
	StartedAt    time.Time  `json:"started_at"`
	FinishedAt   *time.Time `json:"finished_at,omitempty"`
	Position     string     `json:"position"`
	RepairedRows int64      `json:"repaired_rows"`
	RemovedRows  int64      `json:"removed_rows"`
	Error        string     `json:"error,omitempty"`
}

type projectionHalt struct {
	EventID  uuid.UUID `json:"event_id"`
	Position string    `json:"position"`
	Error    string    `json:"error"`
	At       time.Time `json:"at"`
}

// listProjections answers GET /projections.
func (s *Server) listProjections(ctx context.Context, c *call) error {
	at, err := s.shortPlace(c)
	if err != nil {
		return err
	}
	statuses, err := s.projections.Status(ctx)
	if err != nil {
		return err
	}
	items := make([]projection, len(statuses))
	for i, status := range statuses {
		items[i] = projection{
			Name: status.Name, Position: s.positions.Text(status.Position), Lag: status.Lag,
			BehindSeconds: status.BehindSeconds, EventsPerSecond: status.EventsPerSecond, Parked: status.Parked,
		}
		if r := status.Rebuild; r != nil {
			items[i].Rebuild = &rebuild{
				State: r.State, StartedAt: r.StartedAt.UTC(), Position: s.positions.Text(r.Position),
				RepairedRows: r.RepairedRows, RemovedRows: r.RemovedRows, Error: r.Error,
			}
			if finished := r.FinishedAt.UTC(); !finished.IsZero() {
				items[i].Rebuild.FinishedAt = &finished
			}
		}
		if halt := status.Halt; halt != nil {
			items[i].Halted = &projectionHalt{
				EventID: halt.Event, Position: s.positions.Text(halt.Position), Error: halt.Error, At: halt.At.UTC(),
			}
		}
	}
	return c.answer(http.StatusOK, shortPage(s, at, items, func(p projection) string { return p.Name }))
}

// retryProjection answers POST /projections/{name}/retry.
func (s *Server) retryProjection(ctx context.Context, c *call) error {
	if err := s.projections.Retry(ctx, c.Param("name")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// halted is the body of POST /projections/{name}/skip and /park: the event as GET /projections names it, so that nobody
// skips another than the one they looked at.
type halted struct {
	EventID domain.ID `json:"event_id"`
}

// skipEvent answers POST /projections/{name}/skip.
func (s *Server) skipEvent(ctx context.Context, c *call) error {
	return s.passHalt(ctx, c, s.projections.Skip)
}

// parkStream answers POST /projections/{name}/park.
func (s *Server) parkStream(ctx context.Context, c *call) error {
	return s.passHalt(ctx, c, s.projections.Park)
}

func (s *Server) passHalt(ctx context.Context, c *call, pass func(context.Context, string, eventstore.Position) error) error {
	var body halted
	if err := c.bind(&body); err != nil {
		return err
	}
	if body.EventID.IsZero() {
		return invalid("event_id", "is required")
	}
	statuses, err := s.projections.Status(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(statuses, func(status ProjectionStatus) bool { return status.Name == c.Param("name") })
	switch {
	case at < 0:
		return ErrNoProjection
	case statuses[at].Halt == nil || statuses[at].Halt.Event != uuid.UUID(body.EventID):
		return ErrNotHalted
	}
	if err := pass(ctx, statuses[at].Name, statuses[at].Halt.Position); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// rebuildProjection answers POST /projections/{name}/rebuild.
func (s *Server) rebuildProjection(ctx context.Context, c *call) error {
	if err := s.projections.Rebuild(ctx, c.Param("name")); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

// jobStates are what GET /jobs can be asked for.
func jobStates() []string {
	return []string{"available", "scheduled", "retryable", "running", "completed", "discarded", "cancelled"}
}

const jobCursorSize = 8

// listJobs answers GET /jobs.
func (s *Server) listJobs(ctx context.Context, c *call) error {
	query := c.query
	after, state := int64(0), query.Get("state")
	limit, err := c.limit()
	if err != nil {
		return err
	}
	if query.Has("cursor") {
		place, ok := s.cursors.open(query.Get("cursor"), jobCursorSize)
		if !ok {
			return invalid("cursor", "must be a next_cursor of this list")
		}
		after = int64(binary.BigEndian.Uint64(place))
	}
	if query.Has("state") && !slices.Contains(jobStates(), state) {
		return invalid("state", "must be one of: "+strings.Join(jobStates(), ", "))
	}
	jobs, err := s.jobs.Page(ctx, after, limit+1, state)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, pageOf(s, jobs, limit, func(j Job) []byte { return binary.BigEndian.AppendUint64(nil, uint64(j.ID)) }))
}

// retryJob answers POST /jobs/{id}/retry.
func (s *Server) retryJob(ctx context.Context, c *call) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		return invalid("id", "must be the id of a job")
	}
	found, err := s.jobs.Page(ctx, id-1, 1, "")
	switch {
	case err != nil:
		return err
	case len(found) == 0 || found[0].ID != id:
		return ErrNoJob
	case found[0].State == "completed": // and stays so: nobody else tries a done job again
		return ErrJobDone
	}
	job, err := s.jobs.Retry(ctx, id)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, job)
}
