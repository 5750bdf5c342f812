package sagas_test

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/commands/sagas"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/subscription"
	"am-user-management/internal/eventstore"
)

// lagging is a table of due subscriptions that never hears of what was done about them.
type lagging []sagas.DueSubscription

func (l lagging) DueSubscriptions(_ context.Context, _ time.Time, after sagas.DueSubscription, limit int) ([]sagas.DueSubscription, error) {
	from := 0
	for from < len(l) && !l[from].DueAt.After(after.DueAt) {
		from++
	}
	return l[from:min(from+limit, len(l))], nil
}

// onTrial gives so many users a trial that is over by now, and returns the table of them.
func (b *bench) onTrial(count int) lagging {
	b.t.Helper()
	began := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	table := make(lagging, count)
	for i := range table {
		var user domain.ID
		binary.BigEndian.PutUint32(user[:], uint32(i+1))
		created := account.UserCreated{UserID: user, EmailClaim: user.String(), CreatedAt: began.Add(time.Duration(i) * time.Microsecond)}
		if err := b.service.StartTrial(b.t.Context(), commands.Request{CommandID: uuid.New(), At: created.CreatedAt}, created); err != nil {
			b.t.Fatal(err)
		}
		table[i] = sagas.DueSubscription{User: user, DueAt: created.CreatedAt.AddDate(0, 0, 14)}
	}
	return table
}

// expired counts the ends in the log, and checks that each is at its own instant.
func (b *bench) expired(table lagging) int {
	b.t.Helper()
	due := make(map[domain.ID]time.Time)
	for _, one := range table {
		due[one.User] = one.DueAt
	}
	count := 0
	for _, one := range table {
		history, err := b.log.Load(b.t.Context(), subscription.StreamOf(one.User), 1)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range history {
			count++
			if end := e.Event.(subscription.SubscriptionExpired); !end.At.Equal(due[one.User]) {
				b.t.Errorf("%s expired at %v, was due at %v", one.User, end.At, due[one.User])
			}
		}
	}
	return count
}

func newTimer(b *bench, table lagging) *sagas.Timer {
	return sagas.NewTimer(b.service, table, func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) })
}

func TestTheTimerSettlesEverythingOnceThoughItsTableLags(t *testing.T) {
	b := newBench(t)
	table := b.onTrial(2500)
	timer := newTimer(b, table)
	for range 2 {
		if looked, err := timer.SettleSubscriptions(t.Context()); err != nil || looked != len(table) {
			t.Errorf("it looked at %d, %v", looked, err)
		}
		if got := b.expired(table); got != len(table) {
			t.Errorf("%d of %d expired", got, len(table))
		}
	}
}

func TestOneThatFailsKeepsNoOthers(t *testing.T) {
	b := newBench(t)
	table := b.onTrial(1200)
	b.fails = func(stream string) error {
		if stream == subscription.StreamOf(table[7].User) {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	timer := newTimer(b, table)
	if _, err := timer.SettleSubscriptions(t.Context()); !errors.Is(err, commands.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if got := b.expired(table); got != len(table)-1 {
		t.Errorf("%d of %d expired", got, len(table))
	}
	b.fails = nil
	if _, err := timer.SettleSubscriptions(t.Context()); err != nil || b.expired(table) != len(table) {
		t.Errorf("the next run left some: %v", err)
	}
}

func TestWhereTheStoreIsAwayTheTimerStopsAndGoesOnLater(t *testing.T) {
	b := newBench(t)
	table := b.onTrial(2500)
	b.fails = func(stream string) error {
		if strings.HasPrefix(stream, "subscription-") {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	timer := newTimer(b, table)
	if looked, err := timer.SettleSubscriptions(t.Context()); err == nil || looked > 1000 {
		t.Errorf("it looked at %d, %v", looked, err)
	}
	b.fails = nil
	for range 2 { // to the end, and around
		if _, err := timer.SettleSubscriptions(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.expired(table); got != len(table) {
		t.Errorf("%d of %d expired", got, len(table))
	}
}
