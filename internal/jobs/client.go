package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Options are the settings of a Client.
type Options struct {
	// Logger hears of warnings and errors of the queue; nil is silence.
	Logger *slog.Logger
	// Workers is how many jobs of one queue are worked on at once; 0 is 16.
	Workers int
	// Attempts is how often a job is tried before it is dead; 0 is 25.
	Attempts int
	// ReapEvery is how often abandoned claims are looked for; 0 is a minute.
	ReapEvery time.Duration
	// SettleEvery is how often due subscriptions are looked for; 0 is two seconds.
	SettleEvery time.Duration
	// Alone says that no other process works on the queue: a job that runs when this one starts was left by one that
	// was killed, and is taken up at once instead of after stuckAfter.
	Alone bool
	// Backoff is how long to wait after the given failed attempt, counted from 1; nil is Backoff.
	Backoff func(attempt int) time.Duration
	// Now is the clock that the queue's own times are compared with: the real one, also where a test moves the clock
	// of the service.
	Now func() time.Time
}

const (
	defaultAttempts  = 25
	defaultWorkers   = 16
	defaultReapEvery = time.Minute
	// defaultSettleEvery is how late a subscription's end is recorded at most, while nothing holds up the timer.
	defaultSettleEvery = 2 * time.Second
	// fetchCooldown and pollInterval bound how long an idle worker takes to see a job: the first when Postgres notifies
	// it, the second when the notice got lost (River drops those that come right after another) or a retry comes due.
	fetchCooldown = 20 * time.Millisecond
	pollInterval  = 500 * time.Millisecond
	// stuckAfter is when a job counts as abandoned by a process that was killed: longer than any attempt may take.
	stuckAfter = 40 * time.Second
	// cancelGrace is how long cancelled jobs may take to return.
	cancelGrace = 5 * time.Second
	// A done job is kept for a day, so that the same effect inserted again is noticed; a dead one until somebody looked.
	keepCompleted = 24 * time.Hour
	keepDead      = 90 * 24 * time.Hour
)

// Client works on jobs. Its Queue inserts and lists them.
type Client struct {
	*Queue
	pool  *pgxpool.Pool
	alone bool
}

// New makes a client; it works on nothing until Start. The tables must exist, see Migrate.
func New(pool *pgxpool.Pool, ports Ports, o Options) (*Client, error) {
	if o.Now == nil {
		return nil, errors.New("the job queue needs a clock")
	}
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	if o.Attempts == 0 {
		o.Attempts = defaultAttempts
	}
	if o.ReapEvery == 0 {
		o.ReapEvery = defaultReapEvery
	}
	if o.SettleEvery == 0 {
		o.SettleEvery = defaultSettleEvery
	}
	if o.Backoff == nil {
		o.Backoff = Backoff
	}
	workers, err := ports.workers(o.Now, o.ReapEvery)
	if err != nil {
		return nil, err
	}
	queue := river.QueueConfig{MaxWorkers: o.Workers}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Workers:                     workers,
		Queues:                      map[string]river.QueueConfig{mailQueue: queue, tokenQueue: queue, innerQueue: queue, importQueue: {MaxWorkers: importWorkers}},
		MaxAttempts:                 o.Attempts,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           pollInterval,
		JobTimeout:                  effectTimeout,
		RescueStuckJobsAfter:        stuckAfter,
		RetryPolicy:                 retryPolicy{backoff: o.Backoff, now: o.Now},
		CompletedJobRetentionPeriod: keepCompleted,
		CancelledJobRetentionPeriod: keepDead,
		DiscardedJobRetentionPeriod: keepDead,
		Logger:                      quiet(o.Logger),
		PeriodicJobs:                ports.periodic(o),
	})
	if err != nil {
		return nil, err
	}
	return &Client{Queue: &Queue{client: client}, pool: pool, alone: o.Alone}, nil
}

// periodic lists the jobs that come by themselves.
func (p Ports) periodic(o Options) []*river.PeriodicJob {
	every := func(interval time.Duration, args river.JobArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(
			river.PeriodicInterval(interval),
			func() (river.JobArgs, *river.InsertOpts) { return args, nil },
			&river.PeriodicJobOpts{ID: args.Kind(), RunOnStart: true},
		)
	}
	all := []*river.PeriodicJob{every(o.ReapEvery, reapEmailClaims{})}
	if p.Subscriptions != nil {
		all = append(all, every(o.SettleEvery, settleSubscriptions{}))
	}
	return all
}

// Start begins to work and returns. Only Stop ends it.
func (c *Client) Start(ctx context.Context) error {
	if c.alone {
		const takeUp = `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE state = 'running'`
		if _, err := c.pool.Exec(ctx, takeUp); err != nil {
			return err
		}
	}
	return c.client.Start(context.WithoutCancel(ctx))
}

// Stop takes no more jobs and lets the running ones finish. When ctx ends first, their contexts are cancelled; jobs cut
// off like that are tried again later. It returns when no job runs any more, or an error when one does not return.
func (c *Client) Stop(ctx context.Context) error {
	err := c.client.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	return c.client.StopAndCancel(grace)
}

// Backoff doubles from a second to an hour and varies by a fifth, so that jobs which failed together do not come back
// together. All attempts span about half a day.
func Backoff(attempt int) time.Duration {
	wait := time.Hour
	if attempt < 12 { // 2^12 seconds are more than an hour
		wait = time.Second << max(attempt-1, 0)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}

// retryPolicy is River's view of a back-off.
type retryPolicy struct {
	backoff func(attempt int) time.Duration
	now     func() time.Time
}

// NextRetry is when to try again.
func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return p.now().Add(p.backoff(job.Attempt))
}

// quiet is a logger that drops what is below a warning: River tells of every start and every retry.
func quiet(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(warnings{logger.Handler()})
}

type warnings struct{ slog.Handler }

// Enabled lets warnings and errors pass.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the bound.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the bound.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
