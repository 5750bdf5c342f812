package readmodel_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/session"
	"am-user-management/internal/projtest"
	"am-user-management/readmodel"
)

func TestASessionHoldsUntilItEndsRunsOutOrIdles(t *testing.T) {
	t.Parallel()
	log := visiting()
	pending := signedUp(ben)
	pending.Status = account.PendingVerification
	log.Append(account.StreamOf(ben), pending)
	for n, c := range []struct {
		user   domain.ID
		secret string
	}{{visit, "orphan"}, {ben, "pending"}, {ann, "ended"}} {
		id := domain.ID{0: 0xe0, 15: byte(n)}
		log.Append(session.StreamOf(id), loggedIn(id, c.user, c.secret, noon))
		if c.secret == "ended" {
			log.Append(session.StreamOf(id), session.SessionEnded{SessionID: id, UserID: c.user, EndedAt: noon})
		}
	}
	reader, _ := reading(t, log)
	for name, c := range map[string]struct {
		secret string
		now    time.Time
		want   error
	}{
		"just started":           {"s", noon, nil},
		"unused, not yet idle":   {"s", after(2*time.Hour - time.Second), nil},
		"unused for too long":    {"s", after(2 * time.Hour), readmodel.ErrNoSession},
		"past its absolute end":  {"s", after(24 * time.Hour), readmodel.ErrNoSession},
		"another secret":         {"S", noon, readmodel.ErrNoSession},
		"no account at all":      {"orphan", noon, readmodel.ErrNoSession},
		"account not yet active": {"pending", noon, readmodel.ErrInactive},
		"ended":                  {"ended", noon, readmodel.ErrNoSession},
	} {
		_, callerErr := reader.Caller(t.Context(), hashOf(c.secret), c.now)
		_, principalErr := reader.Principal(t.Context(), hashOf(c.secret), c.now)
		_, _, profileErr := reader.ProfileFor(t.Context(), hashOf(c.secret), c.now)
		_, _, accountErr := reader.AccountFor(t.Context(), hashOf(c.secret), c.now)
		for query, err := range map[string]error{"Caller": callerErr, "Principal": principalErr, "ProfileFor": profileErr, "AccountFor": accountErr} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %s returned %v, want %v", name, query, err, c.want)
			}
		}
	}
}

func TestUseKeepsASessionFromIdlingButNotPastItsEnd(t *testing.T) {
	t.Parallel()
	one, pool := reading(t, visiting())
	another := readmodel.New(pool) // of another instance
	for now := noon; now.Before(after(24 * time.Hour)); now = now.Add(time.Hour) {
		one, another = another, one
		caller, err := one.Caller(t.Context(), hashOf("s"), now)
		if err != nil {
			t.Fatalf("at %s: %v", now, err)
		}
		if err := one.Touch(t.Context(), caller, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := one.Caller(t.Context(), hashOf("s"), after(24*time.Hour)); !errors.Is(err, readmodel.ErrNoSession) {
		t.Errorf("past its end: got %v, want ErrNoSession", err)
	}
}

func TestUseIsNotedAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	reader, pool := reading(t, visiting())
	for _, step := range []struct{ now, want time.Duration }{
		{59 * time.Second, 0}, {60 * time.Second, time.Minute}, {119 * time.Second, time.Minute}, {121 * time.Second, 121 * time.Second},
	} {
		caller, err := reader.Caller(t.Context(), hashOf("s"), after(step.now))
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Touch(t.Context(), caller, after(step.now)); err != nil {
			t.Fatal(err)
		}
		sessions, err := readmodel.New(pool).Sessions(t.Context(), idOf(ann), idOf(visit), after(step.now), readmodel.SessionKey{}, 1)
		if err != nil || len(sessions) != 1 || !sessions[0].LastSeenAt.Equal(after(step.want)) {
			t.Errorf("used after %s: got %v, %v; want it last seen after %s", step.now, sessions, err, step.want)
		}
	}
}

func TestPermissionsAreThoseOfHeldRolesAndAllTheyInherit(t *testing.T) {
	t.Parallel()
	log := visiting()
	permitting(log)
	reader, _ := reading(t, log)
	for name, c := range map[string]struct {
		now                time.Time
		roles, permissions []string
	}{
		"all held":        {noon, []string{"auditor", "editor"}, []string{"audit:read", "profile:*", "profile:read", "user:list"}},
		"one has expired": {after(time.Hour), []string{"editor"}, []string{"profile:*", "profile:read", "user:list"}},
	} {
		principal, err := reader.Principal(t.Context(), hashOf("s"), c.now)
		if err != nil {
			t.Fatal(err)
		}
		if principal.UserID != idOf(ann) || principal.SessionID != idOf(visit) {
			t.Errorf("%s: got %+v, want Ann's visit", name, principal.Caller)
		}
		if diff := cmp.Diff(c.roles, principal.Roles); diff != "" {
			t.Errorf("%s: roles (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.permissions, principal.Permissions); diff != "" {
			t.Errorf("%s: permissions (-want +got):\n%s", name, diff)
		}
	}
}

func TestWithoutRolesNothingIsPermitted(t *testing.T) {
	t.Parallel()
	reader, _ := reading(t, visiting())
	principal, err := reader.Principal(t.Context(), hashOf("s"), noon)
	if err != nil || len(principal.Roles) != 0 || len(principal.Permissions) != 0 {
		t.Errorf("got %+v, %v, want nothing permitted", principal, err)
	}
}

func TestACallerWithoutAProfileIsStillACaller(t *testing.T) {
	t.Parallel()
	log := &projtest.Log{}
	log.Append(account.StreamOf(ann), signedUp(ann))
	log.Append(session.StreamOf(visit), loggedIn(visit, ann, "s", noon))
	reader, _ := reading(t, log)
	caller, _, err := reader.ProfileFor(t.Context(), hashOf("s"), noon)
	if !errors.Is(err, readmodel.ErrNotFound) || caller.UserID != idOf(ann) {
		t.Errorf("got %+v, %v, want Ann and ErrNotFound", caller, err)
	}
}
