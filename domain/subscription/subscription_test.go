package subscription_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/subscription"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[subscription.State, subscription.Event]
	Event = subscription.Event
)

func run(t *testing.T, cases map[string]Case) {
	t.Helper()
	estest.Run(t, subscription.Events, cases)
}

func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 12, 0, 0, 0, time.UTC) }

var (
	ann  = domain.ID{1}
	noon = day(1, 31)

	basic = subscription.Terms{PlanID: "basic", Currency: "USD", Interval: subscription.Month, Rank: 10}
	pro   = subscription.Terms{PlanID: "pro", PriceMinor: 1900, Currency: "USD", Interval: subscription.Month, Rank: 20}
	// proYear is pro, paid by the year.
	proYear = subscription.Terms{PlanID: "pro-year", PriceMinor: 19000, Currency: "USD", Interval: subscription.Year, Rank: 20}
	top     = subscription.Terms{PlanID: "top", PriceMinor: 9900, Currency: "USD", Interval: subscription.Month, Rank: 30}

	started = subscription.TrialStarted{UserID: ann, PlanID: "pro", StartedAt: noon, EndsAt: day(2, 14)}
	// onPro and onceOnPro began with the year's first month and do and don't renew.
	onPro     = subscription.PlanUpgraded{UserID: ann, To: pro, AutoRenew: true, At: noon, EndsAt: day(2, 28)}
	onceOnPro = subscription.PlanUpgraded{UserID: ann, To: pro, At: noon, EndsAt: day(2, 28)}

	expired   = subscription.SubscriptionExpired{UserID: ann, PlanID: "pro", At: day(2, 14)}
	cancelled = subscription.SubscriptionCancelled{UserID: ann, PlanID: "pro", At: day(2, 1)}
	toCancel  = subscription.CancellationScheduled{UserID: ann, At: day(2, 1), EffectiveAt: day(2, 28)}
	toBasic   = subscription.DowngradeScheduled{UserID: ann, To: basic, At: day(2, 1), EffectiveAt: day(2, 28)}
	renewed   = subscription.SubscriptionRenewed{UserID: ann, Terms: pro, At: day(2, 28), EndsAt: day(3, 31)}
)

func TestStartTrial(t *testing.T) {
	start := func(from, now time.Time) subscription.StartTrial {
		return subscription.StartTrial{UserID: ann, PlanID: "pro", Days: 14, From: from, Now: now}
	}
	run(t, map[string]Case{
		"lasts the given days":               {When: start(noon, noon), Then: []Event{started}},
		"begins when it is said to":          {When: start(noon, day(3, 1)), Then: []Event{started}},
		"is given once":                      {Given: []Event{started}, When: start(noon, noon)},
		"is not moved while it runs":         {Given: []Event{started}, When: start(day(2, 13), day(2, 13))},
		"is not given again after its end":   {Given: []Event{started}, When: start(day(2, 14), day(2, 14)), Err: subscription.ErrTrialUsed},
		"is not given again once it expired": {Given: []Event{started, expired}, When: start(day(3, 1), day(3, 1)), Err: subscription.ErrTrialUsed},
		"is not given again once cancelled":  {Given: []Event{started, cancelled}, When: start(day(2, 2), day(2, 2)), Err: subscription.ErrTrialUsed},
		"is not given beside a plan":         {Given: []Event{onPro}, When: start(day(2, 2), day(2, 2)), Err: subscription.ErrTrialUsed},
		"is not given back by a clock that was set back": {
			Given: []Event{started, expired}, When: start(noon, noon), Err: subscription.ErrTrialUsed,
		},
	})
}

func TestUpgrade(t *testing.T) {
	yes, no := true, false
	upgrade := func(to subscription.Terms, now time.Time) subscription.Upgrade {
		return subscription.Upgrade{UserID: ann, To: to, Default: true, Now: now}
	}
	choosing := func(c subscription.Upgrade, autoRenew *bool) subscription.Upgrade {
		c.AutoRenew = autoRenew
		return c
	}
	upgraded := func(from string, to subscription.Terms, at, end time.Time) subscription.PlanUpgraded {
		return subscription.PlanUpgraded{UserID: ann, From: from, To: to, AutoRenew: true, At: at, EndsAt: end}
	}
	once := upgraded("", pro, noon, day(2, 28))
	once.AutoRenew = false
	run(t, map[string]Case{
		"begins a period now":                  {When: upgrade(pro, noon), Then: []Event{onPro}},
		"lasts a year if the plan does":        {When: upgrade(proYear, noon), Then: []Event{upgraded("", proYear, noon, noon.AddDate(1, 0, 0))}},
		"renews if the user wants that":        {When: choosing(subscription.Upgrade{UserID: ann, To: pro, Now: noon}, &yes), Then: []Event{onPro}},
		"does not renew if they don't":         {When: choosing(upgrade(pro, noon), &no), Then: []Event{once}},
		"does not renew if that's the default": {When: subscription.Upgrade{UserID: ann, To: pro, Now: noon}, Then: []Event{once}},
		"ends a trial, and begins the plan of the trial": {
			Given: []Event{started}, When: upgrade(pro, day(2, 2)), Then: []Event{upgraded("pro", pro, day(2, 2), day(3, 2))},
		},
		"ends a trial for a lower plan, too": {
			Given: []Event{started}, When: upgrade(basic, day(2, 2)), Then: []Event{upgraded("pro", basic, day(2, 2), day(3, 2))},
		},
		"records that a trial was over before": {
			Given: []Event{started}, When: upgrade(pro, day(3, 1)), Then: []Event{expired, upgraded("", pro, day(3, 1), day(4, 1))},
		},
		"begins anew after an end": {
			Given: []Event{onPro, cancelled}, When: upgrade(basic, day(2, 2)), Then: []Event{upgraded("", basic, day(2, 2), day(3, 2))},
		},
		"leaves a lower plan at once": {
			Given: []Event{onPro}, When: upgrade(top, day(2, 3)), Then: []Event{upgraded("pro", top, day(2, 3), day(3, 3))},
		},
		"keeps the choice of renewal": {
			Given: []Event{onceOnPro}, When: upgrade(top, day(2, 3)),
			Then: []Event{subscription.PlanUpgraded{UserID: ann, From: "pro", To: top, At: day(2, 3), EndsAt: day(3, 3)}},
		},
		"voids a cancellation": {
			Given: []Event{onPro, toCancel}, When: upgrade(top, day(2, 3)), Then: []Event{upgraded("pro", top, day(2, 3), day(3, 3))},
		},
		"records a renewal that was due": {
			Given: []Event{onPro}, When: upgrade(top, day(3, 3)), Then: []Event{renewed, upgraded("pro", top, day(3, 3), day(4, 3))},
		},
		"is done on the plan": {Given: []Event{onPro}, When: upgrade(pro, day(2, 3))},
		"takes the choice of renewal over on the plan": {
			Given: []Event{onPro}, When: choosing(upgrade(pro, day(2, 3)), &no),
			Then: []Event{subscription.AutoRenewChanged{UserID: ann, At: day(2, 3)}},
		},
		"is not the way down":  {Given: []Event{onPro}, When: upgrade(basic, day(2, 3)), Err: subscription.ErrNotAnUpgrade},
		"is not the way aside": {Given: []Event{onPro}, When: upgrade(proYear, day(2, 3)), Err: subscription.ErrNotAnUpgrade},
	})
}

func TestDowngrade(t *testing.T) {
	downgrade := func(to subscription.Terms, now time.Time) subscription.Downgrade {
		return subscription.Downgrade{UserID: ann, To: to, Now: now}
	}
	aside := subscription.DowngradeScheduled{UserID: ann, To: proYear, At: day(2, 1), EffectiveAt: day(2, 28)}
	run(t, map[string]Case{
		"waits for the end of the period":   {Given: []Event{onPro}, When: downgrade(basic, day(2, 1)), Then: []Event{toBasic}},
		"may lead aside":                    {Given: []Event{onPro}, When: downgrade(proYear, day(2, 1)), Then: []Event{aside}},
		"takes the place of an earlier one": {Given: []Event{onPro, aside}, When: downgrade(basic, day(2, 1)), Then: []Event{toBasic}},
		"is noted once":                     {Given: []Event{onPro, toBasic}, When: downgrade(basic, day(2, 5))},
		"records a renewal that was due": {
			Given: []Event{onPro}, When: downgrade(basic, day(3, 1)),
			Then: []Event{renewed, subscription.DowngradeScheduled{UserID: ann, To: basic, At: day(3, 1), EffectiveAt: day(3, 31)}},
		},
		"is not the way up":                {Given: []Event{onPro}, When: downgrade(top, day(2, 1)), Err: subscription.ErrNotADowngrade},
		"leads somewhere":                  {Given: []Event{onPro}, When: downgrade(pro, day(2, 1)), Err: subscription.ErrNotADowngrade},
		"needs a subscription":             {When: downgrade(basic, noon), Err: subscription.ErrNotFound},
		"needs one that is not over":       {Given: []Event{onPro, cancelled}, When: downgrade(basic, day(2, 2)), Err: subscription.ErrOver},
		"needs one that is no trial":       {Given: []Event{started}, When: downgrade(basic, day(2, 2)), Err: subscription.ErrInTrial},
		"needs a next period":              {Given: []Event{onceOnPro}, When: downgrade(basic, day(2, 2)), Err: subscription.ErrNotRenewing},
		"undoes no cancellation by and by": {Given: []Event{onPro, toCancel}, When: downgrade(basic, day(2, 2)), Err: subscription.ErrNotRenewing},
	})
}

func TestCancel(t *testing.T) {
	atEnd := func(now time.Time) subscription.Cancel { return subscription.Cancel{UserID: ann, Now: now} }
	now := func(now time.Time) subscription.Cancel {
		return subscription.Cancel{UserID: ann, Immediately: true, Now: now}
	}
	atTrialEnd := subscription.CancellationScheduled{UserID: ann, At: day(2, 1), EffectiveAt: day(2, 14)}
	over := subscription.SubscriptionCancelled{UserID: ann, PlanID: "pro", At: day(2, 28)}
	run(t, map[string]Case{
		"waits for the end of the period": {Given: []Event{onPro}, When: atEnd(day(2, 1)), Then: []Event{toCancel}},
		"waits for the end of the trial":  {Given: []Event{started}, When: atEnd(day(2, 1)), Then: []Event{atTrialEnd}},
		"ends at once":                    {Given: []Event{onPro}, When: now(day(2, 1)), Then: []Event{cancelled}},
		"ends a trial at once":            {Given: []Event{started}, When: now(day(2, 1)), Then: []Event{cancelled}},
		"need not wait after all":         {Given: []Event{onPro, toCancel}, When: now(day(2, 1)), Then: []Event{cancelled}},
		"voids a downgrade":               {Given: []Event{onPro, toBasic}, When: atEnd(day(2, 1)), Then: []Event{toCancel}},
		"is scheduled once":               {Given: []Event{onPro, toCancel}, When: atEnd(day(2, 2))},
		"is done once":                    {Given: []Event{onPro, cancelled}, When: now(day(2, 2))},
		"records that it took effect":     {Given: []Event{onPro, toCancel}, When: now(day(5, 1)), Then: []Event{over}},
		"records the periods before": {
			Given: []Event{onPro}, When: atEnd(day(3, 1)),
			Then: []Event{renewed, subscription.CancellationScheduled{UserID: ann, At: day(3, 1), EffectiveAt: day(3, 31)}},
		},
		"needs a subscription":      {When: atEnd(noon), Err: subscription.ErrNotFound},
		"needs one that can end":    {Given: []Event{started, expired}, When: atEnd(day(2, 20)), Err: subscription.ErrOver},
		"comes too late in a trial": {Given: []Event{started}, When: now(day(2, 14)), Err: subscription.ErrOver},
	})
}

func TestResume(t *testing.T) {
	resume := func(now time.Time) subscription.Resume { return subscription.Resume{UserID: ann, Now: now} }
	resumed := subscription.SubscriptionResumed{UserID: ann, At: day(2, 2)}
	run(t, map[string]Case{
		"takes back a cancellation":          {Given: []Event{onPro, toCancel}, When: resume(day(2, 2)), Then: []Event{resumed}},
		"takes back a downgrade":             {Given: []Event{onPro, toBasic}, When: resume(day(2, 2)), Then: []Event{resumed}},
		"takes back nothing":                 {Given: []Event{onPro}, When: resume(day(2, 2))},
		"needs a subscription":               {When: resume(noon), Err: subscription.ErrNotFound},
		"is too late once it took effect":    {Given: []Event{onPro, toCancel}, When: resume(day(2, 28)), Err: subscription.ErrOver},
		"gives no trial back":                {Given: []Event{started, cancelled}, When: resume(day(2, 2)), Err: subscription.ErrOver},
		"lets a trial run no further":        {Given: []Event{started}, When: resume(day(2, 14)), Err: subscription.ErrOver},
		"records the downgrade that was due": {Given: []Event{onPro, toBasic}, When: resume(day(3, 1)), Then: []Event{onBasic}},
	})
}

var onBasic = subscription.PlanDowngraded{UserID: ann, From: "pro", To: basic, At: day(2, 28), EndsAt: day(3, 31)}

func TestSetAutoRenew(t *testing.T) {
	set := func(on bool, now time.Time) subscription.SetAutoRenew {
		return subscription.SetAutoRenew{UserID: ann, AutoRenew: on, Now: now}
	}
	off := subscription.AutoRenewChanged{UserID: ann, At: day(2, 2)}
	run(t, map[string]Case{
		"turns it off": {Given: []Event{onPro}, When: set(false, day(2, 2)), Then: []Event{off}},
		"turns it on": {
			Given: []Event{onceOnPro}, When: set(true, day(2, 2)),
			Then: []Event{subscription.AutoRenewChanged{UserID: ann, AutoRenew: true, At: day(2, 2)}},
		},
		"turns it off with a downgrade": {Given: []Event{onPro, toBasic}, When: set(false, day(2, 2)), Then: []Event{off}},
		"is done when it is so":         {Given: []Event{onPro}, When: set(true, day(2, 2))},
		"needs a subscription":          {When: set(true, noon), Err: subscription.ErrNotFound},
		"never prolongs a trial":        {Given: []Event{started}, When: set(true, day(2, 2)), Err: subscription.ErrInTrial},
		"comes too late":                {Given: []Event{onceOnPro}, When: set(true, day(2, 28)), Err: subscription.ErrOver},
	})
}

func TestSettle(t *testing.T) {
	settle := func(now time.Time) subscription.Settle { return subscription.Settle{UserID: ann, Now: now} }
	off := subscription.AutoRenewChanged{UserID: ann, At: day(2, 2)}
	run(t, map[string]Case{
		"finds nothing where there is nothing":   {When: settle(noon)},
		"finds nothing before its time":          {Given: []Event{started}, When: settle(day(2, 14).Add(-1))},
		"ends a trial at its own instant":        {Given: []Event{started}, When: settle(day(9, 9)), Then: []Event{expired}},
		"ends it once":                           {Given: []Event{started, expired}, When: settle(day(9, 9))},
		"renews at the instant":                  {Given: []Event{onPro}, When: settle(day(2, 28)), Then: []Event{renewed}},
		"does not renew what is not to be":       {Given: []Event{onPro, off}, When: settle(day(4, 1)), Then: []Event{expiredAt(day(2, 28))}},
		"cancels at the instant":                 {Given: []Event{onPro, toCancel}, When: settle(day(4, 1)), Then: []Event{subscription.SubscriptionCancelled{UserID: ann, PlanID: "pro", At: day(2, 28)}}},
		"downgrades at the instant":              {Given: []Event{onPro, toBasic}, When: settle(day(2, 28)), Then: []Event{onBasic}},
		"renews a cancellation that was resumed": {Given: []Event{onPro, toCancel, subscription.SubscriptionResumed{UserID: ann, At: day(2, 2)}}, When: settle(day(3, 1)), Then: []Event{renewed}},
		"renews every period that was missed, and comes back to the day": {
			Given: []Event{onPro}, When: settle(day(5, 20)),
			Then: []Event{
				renewed,
				subscription.SubscriptionRenewed{UserID: ann, Terms: pro, At: day(3, 31), EndsAt: day(4, 30)},
				subscription.SubscriptionRenewed{UserID: ann, Terms: pro, At: day(4, 30), EndsAt: day(5, 31)},
			},
		},
		"keeps the day where the plan is of another length": {
			Given: []Event{onPro, subscription.DowngradeScheduled{UserID: ann, To: proYear, At: day(2, 1), EffectiveAt: day(2, 28)}}, When: settle(day(3, 31)),
			Then: []Event{subscription.PlanDowngraded{UserID: ann, From: "pro", To: proYear, At: day(2, 28), EndsAt: time.Date(2027, 2, 28, 12, 0, 0, 0, time.UTC)}},
		},
	})
}

func expiredAt(at time.Time) subscription.SubscriptionExpired {
	return subscription.SubscriptionExpired{UserID: ann, PlanID: "pro", At: at}
}

func TestALeapDayComesBack(t *testing.T) {
	leap := time.Date(2028, 2, 29, 8, 30, 0, 5000, time.FixedZone("", 3600))
	events, err := subscription.Upgrade{UserID: ann, To: proYear, Default: true, Now: leap}.Decide(subscription.State{})
	if err != nil {
		t.Fatal(err)
	}
	state := subscription.State{}.Evolve(events[0])
	for year, want := range map[int]string{
		2028: "2029-02-28T07:30:00.000005Z", 2029: "2030-02-28T07:30:00.000005Z", 2031: "2032-02-29T07:30:00.000005Z",
	} {
		got := state.At(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)).ExpiresAt.Format(time.RFC3339Nano)
		if got != want {
			t.Errorf("in %d the period ends %s, want %s", year, got, want)
		}
	}
}

func TestStatusAt(t *testing.T) {
	given := func(events ...Event) subscription.State {
		var state subscription.State
		for _, event := range events {
			state = state.Evolve(event)
		}
		return state
	}
	for name, c := range map[string]struct {
		state subscription.State
		now   time.Time
		want  subscription.Status
	}{
		"none without a subscription":             {given(), noon, ""},
		"active from the start":                   {given(started), noon, subscription.Active},
		"active to the last moment":               {given(started), started.EndsAt.Add(-1), subscription.Active},
		"expired from its end on":                 {given(started), started.EndsAt, subscription.Expired},
		"expired for ever after":                  {given(started), started.EndsAt.AddDate(9, 0, 0), subscription.Expired},
		"active when clocks are wrong":            {given(started), noon.Add(-time.Hour), subscription.Active},
		"active in a period nobody recorded":      {given(onPro), day(12, 1), subscription.Active},
		"expired where nothing renews":            {given(onceOnPro), day(2, 28), subscription.Expired},
		"active until a cancellation":             {given(onPro, toCancel), day(2, 28).Add(-1), subscription.Active},
		"cancelled by one that nobody recorded":   {given(onPro, toCancel), day(2, 28), subscription.Cancelled},
		"cancelled at once":                       {given(onPro, cancelled), day(2, 1), subscription.Cancelled},
		"cancelled, also when a trial is":         {given(started, cancelled), day(3, 1), subscription.Cancelled},
		"active again after another subscription": {given(onPro, cancelled, onPro), day(2, 1), subscription.Active},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.state.StatusAt(c.now); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestStream(t *testing.T) {
	if got := (subscription.StartTrial{UserID: ann}).Stream(); got != "subscription-01000000-0000-0000-0000-000000000000" {
		t.Error(got)
	}
}

func TestACancellationTakesThePlaceOfADowngrade(t *testing.T) {
	state := subscription.State{}.Evolve(onPro).Evolve(toBasic)
	if state.Next == nil || *state.Next != basic {
		t.Fatalf("next is %v", state.Next)
	}
	if state = state.Evolve(toCancel); state.Next != nil || !state.CancelAtPeriodEnd {
		t.Errorf("next is %v", state.Next)
	}
}
