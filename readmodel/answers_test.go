package readmodel_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/plan"
	"am-user-management/domain/profile"
	"am-user-management/domain/session"
	"am-user-management/domain/subscription"
	"am-user-management/internal/projtest"
	"am-user-management/readmodel"
)

func TestAnswersAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	log := visiting()
	permitting(log)
	erased := signedUp(ben)
	erased.Email = domain.ErasedPersonal()
	log.Append(account.StreamOf(ben), erased)
	log.Append(profile.StreamOf(ben),
		profile.ProfileCreated{UserID: ben, FirstName: domain.ErasedPersonal(), Timezone: "UTC", CreatedAt: noon},
		profile.ProfileUpdated{UserID: ben, Metadata: domain.ErasedPersonal(), UpdatedAt: after(time.Second)})
	log.Append(subscription.StreamOf(ann), subscription.TrialStarted{UserID: ann, PlanID: "basic", StartedAt: noon, EndsAt: after(time.Hour)})
	pro := subscription.Terms{PlanID: "pro", PriceMinor: 1900, Currency: "EUR", Interval: subscription.Month, Rank: 2}
	log.Append(subscription.StreamOf(ben),
		subscription.PlanUpgraded{UserID: ben, To: pro, AutoRenew: true, At: noon, EndsAt: after(2 * time.Hour)},
		subscription.DowngradeScheduled{UserID: ben, To: subscription.Terms{PlanID: "basic"}, At: noon, EffectiveAt: after(2 * time.Hour)})
	log.Append(plan.StreamOf("basic"), plan.PlanDefined{ID: "basic", Name: "Basic", PriceMinor: 990, Currency: "EUR", Interval: plan.Year, Rank: 1, At: noon})
	reader, _ := reading(t, log)
	ctx := t.Context()
	for name, c := range map[string]struct {
		ask  func() (any, error)
		want string
	}{
		"account": {
			func() (any, error) { return reader.Account(ctx, idOf(ann)) },
			`{"id":"` + ann.String() + `","email":"ann@example.com","status":"ACTIVE","verified_at":null,"created_at":"2026-03-01T12:00:00Z"}`,
		},
		"account of the caller": {
			func() (any, error) { _, a, err := reader.AccountFor(ctx, hashOf("s"), noon); return a, err },
			`{"id":"` + ann.String() + `","email":"ann@example.com","status":"ACTIVE","verified_at":null,"created_at":"2026-03-01T12:00:00Z"}`,
		},
		"account, erased, contract v1": {
			func() (any, error) { a, err := reader.Account(ctx, idOf(ben)); return a.V1(), err },
			`{"id":"` + ben.String() + `","email":null,"status":"ACTIVE"}`,
		},
		"profile of the caller": {
			func() (any, error) { _, p, err := reader.ProfileFor(ctx, hashOf("s"), noon); return p, err },
			`{"user_id":"` + ann.String() + `","first_name":"Ann","last_name":null,"bio":null,"picture_url":null,"timezone":null,"locale":"en","metadata":{},"updated_at":"2026-03-01T12:00:00Z"}`,
		},
		"profile, erased": {
			func() (any, error) { return reader.Profile(ctx, idOf(ben)) },
			`{"user_id":"` + ben.String() + `","first_name":null,"last_name":null,"bio":null,"picture_url":null,"timezone":"UTC","locale":null,"metadata":null,"updated_at":"2026-03-01T12:00:01Z"}`,
		},
		"profile, contract v1": {
			func() (any, error) { p, err := reader.Profile(ctx, idOf(ann)); return p.V1(), err },
			`{"first_name":"Ann","bio":null,"picture_url":null}`,
		},
		"subscription on trial": {
			func() (any, error) { return reader.Subscription(ctx, idOf(ann), after(59*time.Minute)) },
			`{"user_id":"` + ann.String() + `","plan_id":"basic","status":"ACTIVE","trial":true,"trial_ends_at":"2026-03-01T13:00:00Z","expires_at":"2026-03-01T13:00:00Z","auto_renew":false,"cancel_at_period_end":false}`,
		},
		"subscription past its trial": {
			func() (any, error) {
				s, err := reader.Subscription(ctx, idOf(ann), after(time.Hour))
				return s.Status, err
			},
			`"EXPIRED"`,
		},
		"subscription to a plan, at its price": {
			func() (any, error) { return reader.Subscription(ctx, idOf(ben), noon) },
			`{"user_id":"` + ben.String() + `","plan_id":"pro","status":"ACTIVE","price":1900,"currency":"EUR","interval":"month","trial":false,"expires_at":"2026-03-01T14:00:00Z","auto_renew":true,"cancel_at_period_end":false,"next_plan_id":"basic"}`,
		},
		"subscription whose renewal is late": {
			func() (any, error) {
				s, err := reader.Subscription(ctx, idOf(ben), after(2*time.Hour))
				return []any{s.Status, s.Late}, err
			},
			`["ACTIVE",true]`,
		},
		"subscriptions that are due": {
			func() (any, error) {
				due, err := reader.DueSubscriptions(ctx, after(time.Hour), readmodel.DueSubscription{}, 10)
				return due, err
			},
			`[{"UserID":"` + ann.String() + `","Revision":0,"DueAt":"2026-03-01T13:00:00Z"}]`,
		},
		"subscriptions that are due, the next ones": {
			func() (any, error) {
				due, err := reader.DueSubscriptions(ctx, after(3*time.Hour), readmodel.DueSubscription{UserID: idOf(ann), DueAt: after(time.Hour)}, 10)
				return due, err
			},
			`[{"UserID":"` + ben.String() + `","Revision":1,"DueAt":"2026-03-01T14:00:00Z"}]`,
		},
		"plans": {
			func() (any, error) { return reader.Plans(ctx) },
			`[{"id":"basic","name":"Basic","price":990,"currency":"EUR","interval":"year","features":[],"rank":1}]`,
		},
		"access": {
			func() (any, error) { a, err := reader.Access(ctx, idOf(ann)); return a.Grants, err },
			`[{"role":"auditor","expires_at":"2026-03-01T13:00:00Z","assigned_at":"2026-03-01T12:00:00Z"},{"role":"editor","reason":"hired","assigned_at":"2026-03-01T12:00:00Z"}]`,
		},
		"roles": {
			func() (any, error) { r, err := reader.Roles(ctx); return r[:1], err },
			`[{"name":"auditor","permissions":["audit:read"],"inherits":[],"built_in":false}]`,
		},
	} {
		answer, err := c.ask()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	log := &projtest.Log{}
	log.Append(account.StreamOf(ann), account.RegistrationAborted{UserID: ann, At: noon})
	reader, _ := reading(t, log)
	ctx := t.Context()
	_, accountErr := reader.Account(ctx, idOf(ann))
	_, profileErr := reader.Profile(ctx, idOf(ann))
	_, subscriptionErr := reader.Subscription(ctx, idOf(ann), noon)
	for name, err := range map[string]error{"aborted account": accountErr, "profile": profileErr, "subscription": subscriptionErr} {
		if !errors.Is(err, readmodel.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if access, err := reader.Access(ctx, idOf(ann)); err != nil || len(access.Grants) != 0 {
		t.Errorf("access: got %v, %v, want none", access, err)
	}
}

func TestVersionsAreThoseOfTheLastEvent(t *testing.T) {
	t.Parallel()
	log := visiting()
	last := log.Append(profile.StreamOf(ann), profile.ProfileUpdated{UserID: ann, UpdatedAt: noon})[0]
	reader, _ := reading(t, log)
	_, found, err := reader.ProfileFor(t.Context(), hashOf("s"), noon)
	want := readmodel.Version{Revision: last.Revision, Position: last.Position.Commit}
	if err != nil || found.Version != want {
		t.Errorf("got %+v, %v, want %+v", found.Version, err, want)
	}
}

func TestSessionsAreListedInPagesTheNewestFirst(t *testing.T) {
	t.Parallel()
	log := visiting()
	log.Append(account.StreamOf(ben), signedUp(ben))
	var ids []uuid.UUID
	for n := range byte(5) {
		id := domain.ID{0: 0xd0, 15: n}
		at := after(time.Duration(n/2) * time.Minute)
		log.Append(session.StreamOf(id), loggedIn(id, ben, string('a'+rune(n)), at))
		ids = append([]uuid.UUID{idOf(id)}, ids...)
	}
	gone := domain.ID{0: 0xd0, 15: 99}
	log.Append(session.StreamOf(gone), loggedIn(gone, ben, "gone", noon), session.SessionEnded{SessionID: gone, UserID: ben, EndedAt: noon})
	reader, _ := reading(t, log)

	var got []uuid.UUID
	for after := (readmodel.SessionKey{}); ; {
		page, err := reader.Sessions(t.Context(), idOf(ben), ids[1], noon.Add(3*time.Minute), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, s := range page {
			if s.Current != (s.ID == ids[1]) {
				t.Errorf("session %s: current is %t", s.ID, s.Current)
			}
			got, after = append(got, s.ID), readmodel.SessionKey{CreatedAt: s.CreatedAt, ID: s.ID}
		}
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if idle, err := reader.Sessions(t.Context(), idOf(ben), uuid.Nil, after(3*time.Hour), readmodel.SessionKey{}, 9); err != nil || len(idle) != 0 {
		t.Errorf("idle sessions are listed: %v, %v", idle, err)
	}
}

func TestClaimsWithoutAnAccountAreOrphansAfterAWhile(t *testing.T) {
	t.Parallel()
	log := &projtest.Log{}
	for n := range byte(4) {
		user := domain.ID{15: n + 1}
		log.Append(email.StreamOf("claim-"+user.String()), email.EmailClaimed{Owner: user, ClaimedAt: after(-time.Duration(n) * time.Minute)})
	}
	log.Append(account.StreamOf(domain.ID{15: 2}), signedUp(domain.ID{15: 2}))
	log.Append(account.StreamOf(domain.ID{15: 3}), account.RegistrationAborted{UserID: domain.ID{15: 3}, At: noon})
	log.Append(email.StreamOf("claim-"+domain.ID{15: 4}.String()), email.EmailReleased{Owner: domain.ID{15: 4}, At: noon})
	reader, _ := reading(t, log)
	claims, err := reader.OrphanClaims(t.Context(), noon, 10)
	if err != nil {
		t.Fatal(err)
	}
	third := domain.ID{15: 3}
	want := []readmodel.Claim{{Key: "claim-" + third.String(), Owner: idOf(third), ClaimedAt: after(-2 * time.Minute)}}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARequestIsRememberedByItsFirstFingerprint(t *testing.T) {
	t.Parallel()
	reader, _ := reading(t, visiting())
	command := uuid.UUID{1}
	remember := func(fingerprint, want string) {
		t.Helper()
		if got, err := reader.Remember(t.Context(), command, fingerprint, noon); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	remember("a", "a")
	remember("b", "a")
	if err := reader.Forget(t.Context(), after(time.Second)); err != nil {
		t.Fatal(err)
	}
	remember("b", "b")
}
