// Package limitertest is what every table of a limiter is held to.
package limitertest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/limiter"
)

// Rules are those of the suite: small enough to be reached.
var Rules = limiter.Rules{Attempts: 3, Lock: 15 * time.Minute}

// Clock is moved by hand.
type Clock struct{ passed atomic.Int64 }

// Now is the time.
func (c *Clock) Now() time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Add(time.Duration(c.passed.Load()))
}

// Pass moves it.
func (c *Clock) Pass(d time.Duration) { c.passed.Add(int64(d)) }

// New makes a limiter by Rules on an empty table. Instances made of the result share the table.
type New func(t *testing.T, now func() time.Time) (instance func() *limiter.Limiter)

const (
	ada, bob = "claim of ada", "claim of bob"
	home     = "192.0.2.1"
	abroad   = "198.51.100.7"
)

// Run holds a table to the rules.
func Run(t *testing.T, open New) {
	for name, rule := range map[string]func(*testing.T, *bench){
		"the last failure locks, and each lockout lasts twice as long": lockouts,
		"a right password forgives":                                    forgiveness,
		"many at once get no more guesses than one after the other":    parallelGuesses,
		"many right ones at once are not refused":                      parallelProofs,
		"what was not looked at does not count":                        withdrawal,
		"what was never settled counts as failed":                      abandonment,
		"a source may not try many accounts":                           spraying,
		"an owner stays in where many places try":                      botnet,
		"unlocking forgives, wherever it came from":                    unlocking,
		"a network is one source":                                      networks,
		"mails are few":                                                mails,
		"instances share counts":                                       sharing,
	} {
		t.Run(name, func(t *testing.T) {
			clock := &Clock{}
			instance := open(t, clock.Now)
			rule(t, &bench{t: t, clock: clock, Limiter: instance(), instance: instance})
		})
	}
}

type bench struct {
	*limiter.Limiter
	t        *testing.T
	clock    *Clock
	instance func() *limiter.Limiter
}

// fail tries a wrong password and returns until when that locks the account there.
func (b *bench) fail(account, source string) time.Time {
	b.t.Helper()
	b.admit(account, source)
	locked, err := b.Failed(b.t.Context(), account, source)
	if err != nil {
		b.t.Fatal(err)
	}
	return locked
}

// prove tries the right one.
func (b *bench) prove(source string) {
	b.t.Helper()
	b.admit(ada, source)
	if err := b.Proved(b.t.Context(), ada, source); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) admit(account, source string) {
	b.t.Helper()
	if admitted, err := b.Attempt(b.t.Context(), account, source); err != nil || !admitted {
		b.t.Fatalf("%s from %s: admitted %t, %v", account, source, admitted, err)
	}
}

// refused fails the test unless a try is refused for exactly that long.
func (b *bench) refused(account, source string, rule error, wait time.Duration) {
	b.t.Helper()
	_, err := b.Attempt(b.t.Context(), account, source)
	waits(b.t, err, rule, wait)
}

func waits(t *testing.T, err, rule error, wait time.Duration) {
	t.Helper()
	var refused *domain.Error
	if !errors.Is(err, rule) || !errors.As(err, &refused) || refused.Wait != wait {
		t.Fatalf("got %v, want %v for %s", err, rule, wait)
	}
}

func lockouts(t *testing.T, b *bench) {
	for _, lock := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		for range Rules.Attempts - 1 {
			if locked := b.fail(ada, home); !locked.IsZero() {
				t.Fatalf("locked until %s too early", locked)
			}
		}
		if locked := b.fail(ada, home); !locked.Equal(b.clock.Now().Add(lock)) {
			t.Fatalf("locked until %s, want %s later", locked, lock)
		}
		b.refused(ada, home, limiter.ErrLocked, lock)
		b.clock.Pass(lock - time.Second)
		b.refused(ada, home, limiter.ErrLocked, time.Second)
		b.fail(ada, abroad) // another place is not concerned
		b.prove(abroad)
		b.clock.Pass(time.Second)
	}
	b.clock.Pass(25 * time.Hour)
	for range Rules.Attempts {
		b.fail(ada, home)
	}
	b.refused(ada, home, limiter.ErrLocked, 15*time.Minute) // after a quiet day it begins anew
}

func forgiveness(t *testing.T, b *bench) {
	for range 5 {
		for range Rules.Attempts - 1 {
			b.fail(ada, home)
		}
		b.prove(home)
	}
	for range Rules.Attempts - 1 {
		b.fail(bob, abroad)
		b.prove(abroad) // who knows one password must not get more tries at others by it
	}
	if b.fail(bob, abroad).IsZero() {
		t.Error("bob is not locked where ada logs in")
	}
}

func parallelGuesses(t *testing.T, b *bench) {
	var looked atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			admitted, err := b.Attempt(t.Context(), ada, home)
			switch {
			case err != nil && !errors.Is(err, limiter.ErrLocked):
				t.Error(err)
			case admitted:
				looked.Add(1)
				if _, err := b.Failed(t.Context(), ada, home); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := looked.Load(); got != int64(Rules.Attempts) {
		t.Errorf("%d of 50 passwords were looked at, want %d", got, Rules.Attempts)
	}
	b.refused(ada, home, limiter.ErrLocked, 15*time.Minute)
}

func parallelProofs(t *testing.T, b *bench) {
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for admitted := false; !admitted; {
				var err error
				if admitted, err = b.Attempt(t.Context(), ada, home); err != nil || t.Failed() {
					t.Error(err)
					return
				}
			}
			if err := b.Proved(t.Context(), ada, home); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for range Rules.Attempts {
		b.fail(ada, home)
	}
	b.refused(ada, home, limiter.ErrLocked, 15*time.Minute)
}

func withdrawal(t *testing.T, b *bench) {
	for range 20 * Rules.Attempts {
		b.admit(ada, home)
		if err := b.Withdraw(t.Context(), ada, home); err != nil {
			t.Fatal(err)
		}
	}
	b.fail(ada, home)
}

func abandonment(t *testing.T, b *bench) {
	for range Rules.Attempts {
		b.admit(ada, home)
	}
	if admitted, err := b.Attempt(t.Context(), ada, home); admitted || err != nil {
		t.Fatalf("while the last tries are looked at: admitted %t, %v", admitted, err)
	}
	b.clock.Pass(11 * time.Second) // whoever looked at them died
	b.refused(ada, home, limiter.ErrLocked, 15*time.Minute)
	b.clock.Pass(15 * time.Minute)
	b.prove(home)
}

func spraying(t *testing.T, b *bench) {
	b.prove(home)
	for i := range 10 * Rules.Attempts {
		b.fail(fmt.Sprint("nobody ", i), home)
	}
	b.clock.Pass(time.Minute)
	b.refused(bob, home, limiter.ErrSource, 14*time.Minute)
	b.fail(bob, abroad)
	b.prove(home) // a neighbour who is known here goes in and out
	b.refused(bob, home, limiter.ErrSource, 14*time.Minute)
	b.clock.Pass(14 * time.Minute)
	b.fail(bob, home)
}

func botnet(t *testing.T, b *bench) {
	b.prove(home)
	for i := range 10 * Rules.Attempts {
		b.fail(ada, fmt.Sprint("203.0.113.", i))
	}
	b.refused(ada, abroad, limiter.ErrLocked, time.Hour)
	for range 5 {
		b.prove(home)
	}
	b.refused(ada, abroad, limiter.ErrLocked, time.Hour) // what the owner does gives nobody more tries
	for range Rules.Attempts {
		b.fail(ada, home)
	}
	b.refused(ada, home, limiter.ErrLocked, 15*time.Minute)
	b.clock.Pass(time.Hour)
	b.prove(abroad)
	b.clock.Pass(29 * 24 * time.Hour)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 10 * Rules.Attempts {
		b.fail(ada, fmt.Sprint("203.0.113.", i))
	}
	b.prove(abroad)
	b.clock.Pass(32 * 24 * time.Hour)
	for i := range 10 * Rules.Attempts {
		b.fail(ada, fmt.Sprint("203.0.113.", i))
	}
	b.refused(ada, abroad, limiter.ErrLocked, time.Hour)
}

func unlocking(t *testing.T, b *bench) {
	for i := range 10 * Rules.Attempts {
		b.fail(ada, fmt.Sprint("203.0.113.", i/Rules.Attempts))
	}
	for range Rules.Attempts {
		b.fail(bob, home)
	}
	b.refused(ada, "203.0.113.0", limiter.ErrLocked, 15*time.Minute)
	b.refused(ada, home, limiter.ErrLocked, time.Hour)
	if err := b.Unlock(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	b.prove("203.0.113.0")
	b.prove(home)
	b.refused(bob, home, limiter.ErrLocked, 15*time.Minute)
}

func networks(_ *testing.T, b *bench) {
	for _, same := range [][]string{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::1%eth0"},
		{"192.0.2.9", "::ffff:192.0.2.9", "192.0.2.9"},
	} {
		for i := range Rules.Attempts {
			b.fail(ada, same[i])
		}
		b.refused(ada, same[0], limiter.ErrLocked, 15*time.Minute)
	}
	b.fail(ada, "2001:db8:1:3::1")
}

func mails(t *testing.T, b *bench) {
	wish := func(kind, account, source string, want bool) {
		t.Helper()
		if got, err := b.Mail(t.Context(), kind, account, source); err != nil || got != want {
			t.Fatalf("%s to %s from %s: %t, %v", kind, account, source, got, err)
		}
	}
	wish("reset", ada, home, true)
	wish("reset", ada, abroad, false)
	wish("verification", ada, home, true)
	for range 29 {
		b.clock.Pass(time.Minute)
		wish("reset", ada, home, true)
	}
	b.clock.Pass(time.Minute)
	wish("reset", ada, home, false) // thirty in half an hour
	for i := range 28 {             // of sixty from there, 32 are gone
		wish("reset", fmt.Sprint("nobody ", i), home, true)
	}
	_, err := b.Mail(t.Context(), "reset", "one more", home)
	waits(t, err, limiter.ErrSource, 30*time.Minute)
	b.clock.Pass(30 * time.Minute)
	wish("reset", ada, home, true)
}

func sharing(t *testing.T, b *bench) {
	one, other := b.Limiter, b.instance()
	for i := range Rules.Attempts {
		b.Limiter = []*limiter.Limiter{one, other}[i%2]
		b.fail(ada, home)
	}
	for _, b.Limiter = range []*limiter.Limiter{one, other, b.instance()} { // the last one is that after a restart
		b.refused(ada, home, limiter.ErrLocked, 15*time.Minute)
	}
	if err := other.Unlock(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	b.Limiter = one
	b.prove(home)
}
