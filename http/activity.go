package http

import (
	"context"
	"log/slog"
	"time"

	"am-user-management/readmodel"
)

// activity notes when sessions were used, off the path of the requests that use them. What does not fit its queue is
// dropped: the session's next request notes it again.
type activity struct {
	reader *readmodel.Reader
	logger *slog.Logger
	queue  chan use
}

type use struct {
	caller readmodel.Caller
	at     time.Time
}

func newActivity(reader *readmodel.Reader, logger *slog.Logger) *activity {
	return &activity{reader: reader, logger: logger, queue: make(chan use, 1024)}
}

// note never waits. Touch decides whether a use is worth writing; one of the same second never is.
func (a *activity) note(caller readmodel.Caller, at time.Time) {
	if at.Sub(caller.LastSeenAt) < time.Second {
		return
	}
	select {
	case a.queue <- use{caller, at}:
	default:
	}
}

// run writes what was noted, until ctx ends.
func (a *activity) run(ctx context.Context) {
	for {
		select {
		case u := <-a.queue:
			a.write(ctx, u)
		case <-ctx.Done():
			return
		}
	}
}

func (a *activity) write(ctx context.Context, u use) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.reader.Touch(ctx, u.caller, u.at); err != nil && ctx.Err() == nil {
		a.logger.LogAttrs(ctx, slog.LevelWarn, "the use of a session was not noted", slog.String("cause", err.Error()))
	}
}
