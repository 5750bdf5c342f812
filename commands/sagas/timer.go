package sagas

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"am-user-management/commands"
	"am-user-management/domain"
)

// DueSubscription is a subscription that something is due for, as far as a table knows.
type DueSubscription struct {
	User     domain.ID
	Revision uint64
	DueAt    time.Time
}

// DueSubscriptions finds what was due at a time, in the order in which it became due, after one that was found before;
// the zero value begins. The table may lag: each subscription's stream decides what is to be done.
type DueSubscriptions interface {
	DueSubscriptions(ctx context.Context, now time.Time, after DueSubscription, limit int) ([]DueSubscription, error)
}

// Timer records renewals, downgrades and ends of subscriptions when they are due. Nothing depends on its being in
// time: it only writes down what is so already.
type Timer struct {
	service *commands.Service
	due     DueSubscriptions
	clock   func() time.Time

	mu sync.Mutex // one run at a time
	// after is where the last run stopped: what it settled may still be shown as due by a table that lags, and must not
	// keep what comes behind it waiting.
	after DueSubscription
}

const (
	// settleAtOnce is how many subscriptions are looked up together.
	settleAtOnce = 1000
	// settleFor bounds one run; the next goes on where it stopped.
	settleFor = 20 * time.Second
)

// NewTimer makes the timer.
func NewTimer(service *commands.Service, due DueSubscriptions, clock func() time.Time) *Timer {
	return &Timer{service: service, due: due, clock: clock}
}

// SettleSubscriptions settles what is due, once, until nothing is left or its time is over. It returns how many
// subscriptions it looked at. One that fails does not keep the others; the next round comes by it again.
func (t *Timer) SettleSubscriptions(ctx context.Context) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	now, looked, failed := t.clock(), 0, 0
	var first error
	for bounded.Err() == nil && failed < settleAtOnce/10 { // else the store is away: no use in asking for the rest now
		due, err := t.due.DueSubscriptions(ctx, now, t.after, settleAtOnce)
		if err != nil {
			return looked, err
		}
		for _, err := range t.settle(ctx, due) {
			if err != nil {
				failed++
				first = cmp.Or(first, err)
			}
		}
		looked += len(due)
		if len(due) < settleAtOnce {
			t.after = DueSubscription{} // from the start, the next time
			break
		}
		t.after = due[len(due)-1]
	}
	if first != nil {
		return looked, fmt.Errorf("%d of %d subscriptions could not be settled: %w", failed, looked, first)
	}
	return looked, nil
}

// settle settles several subscriptions at once, and returns the error of each.
func (t *Timer) settle(ctx context.Context, due []DueSubscription) []error {
	failures := make([]error, len(due))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, one := range due {
		group.Go(func() error {
			failures[i] = t.service.SettleSubscription(ctx, one.User, one.Revision)
			return nil
		})
	}
	_ = group.Wait() // never an error
	return failures
}
