package subscription_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"am-user-management/domain"
	"am-user-management/domain/subscription"
	"am-user-management/internal/estest"
)

const trialDays = 14

// wish draws a command of any kind, as it is sent at a time.
func wish(t *rapid.T, now time.Time) domain.Command[subscription.State, Event] {
	plans := []subscription.Terms{basic, pro, proYear, top}
	choices := []*bool{nil, new(bool), ptr(true)}
	switch rapid.IntRange(0, 6).Draw(t, "command") {
	case 0:
		return subscription.StartTrial{UserID: ann, PlanID: "pro", Days: trialDays, From: now, Now: now}
	case 1, 2:
		return subscription.Upgrade{
			UserID: ann, To: rapid.SampledFrom(plans).Draw(t, "plan"), Default: true,
			AutoRenew: rapid.SampledFrom(choices).Draw(t, "auto-renew"), Now: now,
		}
	case 3:
		return subscription.Downgrade{UserID: ann, To: rapid.SampledFrom(plans).Draw(t, "plan"), Now: now}
	case 4:
		return subscription.Cancel{UserID: ann, Immediately: rapid.Bool().Draw(t, "immediately"), Now: now}
	case 5:
		return subscription.SetAutoRenew{UserID: ann, AutoRenew: rapid.Bool().Draw(t, "on"), Now: now}
	default:
		return subscription.Resume{UserID: ann, Now: now}
	}
}

func ptr(on bool) *bool { return &on }

// life is a stream and what it adds up to.
type life struct {
	state  subscription.State
	events []Event
}

func (l *life) send(command domain.Command[subscription.State, Event]) error {
	events, err := command.Decide(l.state)
	for _, event := range events {
		l.state = l.state.Evolve(event)
	}
	l.events = append(l.events, events...)
	return err
}

func (l *life) settle(now time.Time) { _ = l.send(subscription.Settle{UserID: ann, Now: now}) } // never an error

// step draws how long nothing happens: moments, days or seasons.
func step(t *rapid.T) time.Duration {
	unit := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Hour, 24 * time.Hour, 31 * 24 * time.Hour}).Draw(t, "unit")
	return time.Duration(rapid.IntRange(0, 20).Draw(t, "units")) * unit
}

// No sequence of commands and moves of the clock, back as well, makes two trials of one, or a longer one.
func TestNobodyGetsMoreThanTheirTrial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l life
		now, trials, end := noon, 0, time.Time{}
		for range rapid.IntRange(1, 30).Draw(t, "commands") {
			now = now.Add(step(t) * time.Duration(rapid.SampledFrom([]int{1, 1, 1, -1}).Draw(t, "direction")))
			before := len(l.events)
			if rapid.Bool().Draw(t, "timer") {
				l.settle(now)
			}
			_ = l.send(wish(t, now)) // refused or not
			for _, event := range l.events[before:] {
				if e, ok := event.(subscription.TrialStarted); ok {
					trials, end = trials+1, e.EndsAt
					if e.EndsAt.Sub(e.StartedAt) != trialDays*24*time.Hour {
						t.Fatalf("a trial of %v", e.EndsAt.Sub(e.StartedAt))
					}
				}
			}
			if trials > 1 {
				t.Fatalf("%d trials", trials)
			}
			for _, probe := range []time.Time{now, end.Add(-1), end, now.AddDate(3, 0, 0)} {
				if at := l.state.At(probe); at.Trial && at.StatusAt(probe) == subscription.Active && !probe.Before(end) {
					t.Fatalf("on trial at %v, which ended at %v", probe, end)
				}
			}
		}
	})
}

// It does not matter when the timer comes by: the events are the same, and so is what StatusAt says at any time.
func TestATimerThatIsLateChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var punctual, late life
		now := noon
		for range rapid.IntRange(1, 20).Draw(t, "commands") {
			for range rapid.IntRange(0, 3).Draw(t, "ticks") {
				now = now.Add(step(t))
				punctual.settle(now)
				if one, other := punctual.state.StatusAt(now), late.state.StatusAt(now); one != other {
					t.Fatalf("at %v it is %s, and %s without a timer", now, one, other)
				}
			}
			command := wish(t, now)
			one, other := punctual.send(command), late.send(command)
			if one != other { //nolint:errorlint // the very same rule
				t.Fatalf("%v, and without a timer %v", one, other)
			}
		}
		punctual.settle(now)
		late.settle(now)
		if diff := estest.Diff(punctual.events, late.events); diff != "" {
			t.Fatalf("a timer makes another history (-with +without):\n%s", diff)
		}
	})
}

// StatusAt says what the events say: active from a beginning until the end that the next event or the period sets.
func TestStatusIsWhatTheEventsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l life
		now := noon
		for range rapid.IntRange(1, 20).Draw(t, "commands") {
			now = now.Add(step(t))
			_ = l.send(wish(t, now))
			l.settle(now)
			want := subscription.Status("")
			for _, event := range l.events {
				switch event.(type) { //nolint:gochecksumtype // the others change no status
				case subscription.TrialStarted, subscription.PlanUpgraded:
					want = subscription.Active
				case subscription.SubscriptionCancelled:
					want = subscription.Cancelled
				case subscription.SubscriptionExpired:
					want = subscription.Expired
				}
			}
			if got := l.state.StatusAt(now); got != want {
				t.Fatalf("at %v it is %q, the events say %q", now, got, want)
			}
			if want == subscription.Active && !now.Before(l.state.ExpiresAt) {
				t.Fatalf("active at %v, until %v", now, l.state.ExpiresAt)
			}
		}
	})
}
