package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	amhttp "am-user-management/http"
)

const (
	// startTries is how long the service waits for its stores when it starts: they may be started in any order.
	startTries = time.Minute
	// firstPause and longPause bound the pause between two tries. tellPause is how often the log is told.
	firstPause = 50 * time.Millisecond
	longPause  = 2 * time.Second
	tellPause  = 5 * time.Second
)

// patience waits for what the service needs to start, and tells the log and /readyz what that is.
type patience struct {
	log      *slog.Logger
	starting *amhttp.Starting
}

// wait tries until it succeeds, ctx ends or startTries are over: stores may be started in any order.
func (p patience) wait(ctx context.Context, what string, try func(context.Context) error) error {
	deadline, cancel := context.WithTimeout(ctx, startTries)
	defer cancel()
	p.starting.Wait(what, "is waited for")
	began := time.Now()
	var told time.Time
	for tries, pause := 1, firstPause; ; tries, pause = tries+1, min(2*pause, longPause) {
		err := try(deadline)
		if err == nil {
			return nil
		}
		p.starting.Wait(what, "is waited for: "+err.Error())
		if now := time.Now(); told.IsZero() || now.Sub(told) >= tellPause {
			told = now
			p.log.WarnContext(ctx, "waiting for "+what, "error", err, "tries", tries, "waited", now.Sub(began).Round(time.Millisecond))
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-deadline.Done():
			timer.Stop()
			return fmt.Errorf("%s did not answer in time: %w", what, err)
		}
	}
}
