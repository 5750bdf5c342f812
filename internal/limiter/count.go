package limiter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"am-user-management/domain"
)

// Limiter counts. It may be used from many goroutines. New and NewMemory make it.
type Limiter struct {
	table table
	namer namer
	rules Rules
	clock func() time.Time
}

// table keeps rows by key. Every method is atomic, and takes rows in the order of their keys, so that no two wait for each
// other.
type table interface {
	// take takes a try off each budget that has one left, and marks it as open if it is to be settled by one of the next
	// three. It returns the keys of those that had one. The first budget rules: a source that is known by it has tries of
	// the others also when none is left.
	take(ctx context.Context, budgets []budget, open bool, now time.Time) (taken []key, err error)
	// proved settles a try that was right.
	proved(ctx context.Context, budgets []budget, now time.Time) error
	// failed settles a try that was wrong. It returns until when the first budget is locked out, if that begins now.
	failed(ctx context.Context, budgets []budget, first, longest time.Duration, now time.Time) (time.Time, error)
	// giveBack settles a try, or a wish, that came to nothing.
	giveBack(ctx context.Context, budgets []budget, now time.Time) error
	// look returns the rows of the budgets that have one.
	look(ctx context.Context, budgets []budget) (map[key]row, error)
	// unlock forgives the failures of all keys that begin with one.
	unlock(ctx context.Context, account key, now time.Time) error
	// sweep removes rows that say nothing any more.
	sweep(ctx context.Context, now time.Time) error
}

// Attempt counts a try of a password, whether there is such an account or not. It is not admitted while all tries that
// are left are being looked at. It returns ErrLocked or ErrSource, with how long to wait, or ErrUnreachable. Every try
// that was admitted is to be settled by Proved, Failed or Withdraw.
func (l *Limiter) Attempt(ctx context.Context, account, source string) (admitted bool, err error) {
	budgets, now := l.rules.attempt(l.namer, account, source), l.clock()
	taken, err := l.table.take(ctx, budgets, true, now)
	if err != nil {
		return false, unreachable(err)
	}
	if len(taken) == len(budgets) {
		return true, nil
	}
	if err := l.table.giveBack(ctx, only(budgets, taken), now); err != nil {
		return false, unreachable(err)
	}
	rows, err := l.table.look(ctx, budgets)
	if err != nil {
		return false, unreachable(err)
	}
	pair := rows[budgets[0].key]
	if wait := pair.lockedUntil.Sub(now); wait > 0 {
		return false, ErrLocked.WithWait(wait)
	}
	if pair.free <= 0 && !pair.crowded(now) { // its last tries were never settled
		locked, err := l.table.failed(ctx, budgets[:1], l.rules.Lock, l.rules.longest(), now)
		if err != nil {
			return false, unreachable(err)
		}
		return false, ErrLocked.WithWait(locked.Sub(now))
	}
	for i, rule := range []*domain.Error{1: ErrLocked, 2: ErrSource} {
		of := rows[budgets[i].key]
		if i > 0 && of.free <= 0 && !of.crowded(now) && !slices.Contains(taken, budgets[i].key) && !pair.known(now) {
			return false, rule.WithWait(of.windowEnds.Sub(now))
		}
	}
	return false, nil
}

// Proved settles a try whose password was right: what failed from there before is forgiven, and the source is known.
func (l *Limiter) Proved(ctx context.Context, account, source string) error {
	return unreachable(l.table.proved(ctx, l.rules.attempt(l.namer, account, source), l.clock()))
}

// Failed settles a try whose password was wrong. It returns until when the account is locked out there, if that begins
// with this try; once Failed has returned, the failure is not forgotten, whatever breaks down.
func (l *Limiter) Failed(ctx context.Context, account, source string) (locked time.Time, err error) {
	budgets := l.rules.attempt(l.namer, account, source)
	locked, err = l.table.failed(ctx, budgets, l.rules.Lock, l.rules.longest(), l.clock())
	return locked, unreachable(err)
}

// Withdraw settles a try whose password was not looked at.
func (l *Limiter) Withdraw(ctx context.Context, account, source string) error {
	return unreachable(l.table.giveBack(ctx, l.rules.attempt(l.namer, account, source), l.clock()))
}

// Unlock forgives everything that failed for an account.
func (l *Limiter) Unlock(ctx context.Context, account string) error {
	return unreachable(l.table.unlock(ctx, l.namer.account(account), l.clock()))
}

// Mail counts a wish for a mail of some kind and reports whether to send it: to one account go one a minute and thirty an
// hour of each kind. It returns ErrSource, with how long to wait, when more than sixty within an hour were wished for from
// the source, or ErrUnreachable.
func (l *Limiter) Mail(ctx context.Context, kind, account, source string) (bool, error) {
	budgets, now := mail(l.namer, kind, account, source), l.clock()
	taken, err := l.table.take(ctx, budgets, false, now)
	if err != nil || len(taken) == len(budgets) {
		return err == nil, unreachable(err)
	}
	if slices.Contains(taken, budgets[0].key) {
		return false, unreachable(l.table.giveBack(ctx, only(budgets[1:], taken), now))
	}
	if err := l.table.giveBack(ctx, only(budgets, taken), now); err != nil {
		return false, unreachable(err)
	}
	rows, err := l.table.look(ctx, budgets[:1])
	if err != nil {
		return false, unreachable(err)
	}
	return false, ErrSource.WithWait(rows[budgets[0].key].windowEnds.Sub(now))
}

// Sweep forgets what says nothing any more.
func (l *Limiter) Sweep(ctx context.Context) error { return l.table.sweep(ctx, l.clock()) }

// only is the budgets whose keys are among some.
func only(budgets []budget, keys []key) []budget {
	return slices.DeleteFunc(slices.Clone(budgets), func(b budget) bool { return !slices.Contains(keys, b.key) })
}

// sorted is the budgets in the order of their keys.
func sorted(budgets []budget) []budget {
	return slices.SortedFunc(slices.Values(budgets), func(a, b budget) int { return strings.Compare(string(a.key), string(b.key)) })
}

func unreachable(err error) error {
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrUnreachable, err)
	}
	return nil
}
