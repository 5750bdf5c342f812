package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/logcopy"
)

const (
	// storeTime is how long a store that does not answer is waited for, unless --wait says otherwise.
	storeTime = time.Minute
	// firstTry bounds the first attempt to reach a store, so that a line on which nothing comes back is soon told of. Each
	// later one may take twice as long: the store may be far away.
	firstTry = 2 * time.Second

	firstPause = 500 * time.Millisecond
	longPause  = 5 * time.Second
)

func waitFlag(flags *flag.FlagSet) *time.Duration {
	return flags.Duration("wait", storeTime, "how `long` to wait at the start for a store that does not answer")
}

// reach waits until the store at an address answers, tells why it waits, and gives up when the time is over. The client
// alone would try a thousand times and say nothing.
func (t terminal) reach(ctx context.Context, address string, patience time.Duration) error {
	if _, ok := logcopy.Folder(address); ok {
		return nil
	}
	if _, err := esdbstore.Connector(address, nil); err != nil {
		return err // no time will mend it
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for try, pause := firstTry, firstPause; ; try, pause = 2*try, min(2*pause, longPause) {
		reason := attempt(bounded, address, try)
		if reason == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprintf(t.stderr, "waiting for %s: %v\n", esdbstore.Place(address), reason)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-bounded.Done():
			timer.Stop()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%s did not answer within %v: %w", esdbstore.Place(address), patience, reason)
		}
	}
}

func attempt(ctx context.Context, address string, try time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, try)
	defer cancel()
	return esdbstore.Reach(ctx, address)
}
