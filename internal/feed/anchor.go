package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/internal/eventstore"
)

// ErrOtherLog: the log is not the one that the tables were made from, or not all of it. What it holds now where they
// have been already would never be seen.
var ErrOtherLog = errors.New("the event store is not the one that the read model was made from")

// SameLog returns ErrOtherLog, with what was found, unless the log is the one that the tables were made from, as far as
// they have come. Other errors say that it cannot be told.
func SameLog(ctx context.Context, pool *pgxpool.Pool, log Log) error {
	return (&anchors{pool: pool, log: log}).compare(ctx)
}

// anchors keeps an event that was passed, in the table log_anchor, and compares it with the log before anything is read
// from there. It finds a log that was restored to an earlier time, also when it has grown again since, and another log.
type anchors struct {
	pool   *pgxpool.Pool
	log    Log
	logger *slog.Logger

	mu    sync.Mutex
	fault error
	kept  eventstore.Position
}

// anchorEvery is how often the anchor is moved, and so how much may be rewritten at the end of a log without notice if
// the service was killed at the same time; who ends in order leaves none.
const anchorEvery = 500 * time.Millisecond

// check fails with ErrOtherLog unless the log holds the event of the anchor. Other errors say that it cannot be told.
func (a *anchors) check(ctx context.Context) error {
	err := a.compare(ctx)
	if err == nil || errors.Is(err, ErrOtherLog) {
		a.mu.Lock()
		if err != nil && a.fault == nil {
			a.logger.ErrorContext(ctx, "projections stand still", "error", err)
		}
		a.fault = err
		a.mu.Unlock()
	}
	return err
}

// found is ErrOtherLog with what was found when the log was last compared, nil if it was the right one.
func (a *anchors) found() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fault
}

func (a *anchors) compare(ctx context.Context) error {
	anchor, event, there, err := a.stored(ctx)
	if err != nil || !there {
		return err
	}
	end, err := a.log.End(ctx)
	if err != nil {
		return err
	}
	if end.Less(anchor) {
		return fmt.Errorf("%w: the checkpoint is ahead of the log, which ends at %s and was seen up to %s",
			ErrOtherLog, positionText(end), positionText(anchor))
	}
	present, some, err := a.log.EventAt(ctx, anchor)
	switch {
	case err != nil:
		return err
	case !some:
		return fmt.Errorf("%w: event %s was at %s, now there is none", ErrOtherLog, event, positionText(anchor))
	case present != event:
		return fmt.Errorf("%w: event %s was at %s, now it is %s", ErrOtherLog, event, positionText(anchor), present)
	}
	return nil
}

func (a *anchors) stored(ctx context.Context) (at eventstore.Position, event uuid.UUID, there bool, err error) {
	var commit, prepare int64
	err = a.pool.QueryRow(ctx, `SELECT commit_position, prepare_position, event FROM log_anchor`).Scan(&commit, &prepare, &event)
	if errors.Is(err, pgx.ErrNoRows) {
		return eventstore.Position{}, uuid.Nil, false, nil
	}
	return position(commit, prepare), event, err == nil, err
}

const moveAnchor = `
	INSERT INTO log_anchor AS a (commit_position, prepare_position, event) VALUES ($1, $2, $3)
	ON CONFLICT (one_row) DO UPDATE
	SET commit_position = excluded.commit_position, prepare_position = excluded.prepare_position, event = excluded.event, updated_at = now()
	WHERE (a.commit_position, a.prepare_position) < (excluded.commit_position, excluded.prepare_position)`

// move puts the anchor to a position that was passed, or to the last event if the position is past it and has none of
// its own.
func (a *anchors) move(ctx context.Context, to eventstore.Position) error {
	if !a.kept.Less(to) || errors.Is(a.found(), ErrOtherLog) {
		return nil
	}
	at := to
	event, some, err := a.log.EventAt(ctx, at)
	if err == nil && !some {
		if at, err = a.log.Head(ctx); err == nil && !to.Less(at) {
			event, some, err = a.log.EventAt(ctx, at)
		}
	}
	if err == nil && some {
		_, err = a.pool.Exec(ctx, moveAnchor, column(at.Commit), column(at.Prepare), event)
	}
	if err == nil {
		a.kept = to
	}
	return err
}

// follow moves the anchor as far as furthest tells, now and then, and once more when ctx ends.
func (a *anchors) follow(ctx context.Context, furthest func() eventstore.Position) {
	ticker := time.NewTicker(anchorEvery)
	defer ticker.Stop()
	for ending := false; !ending; {
		select {
		case <-ticker.C:
		case <-ctx.Done(): // if it ends during a move, there is one more to make
			ending = true
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*anchorEvery)
		if err := a.move(bounded, furthest()); err != nil && !ending {
			a.logger.WarnContext(ctx, "the anchor in the log was not moved", "error", err)
		}
		cancel()
	}
}
