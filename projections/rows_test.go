package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"am-user-management/domain/access"
	"am-user-management/domain/plan"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/projections"
)

// TestRowsShowWhatHappened compares, for each table, one telling row.
func TestRowsShowWhatHappened(t *testing.T) {
	for table, c := range map[string]struct {
		column, value string
		want          projtest.Row
	}{
		"accounts": {"user_id", user(1), projtest.Row{
			"status": "ACTIVE", "email": "u" + user(1) + "@example.com", "phone": "+4930123456",
			"verified_at": shown(8), "created_at": shown(0), "revision": 2.0,
		}},
		"email_claims": {"claim_key", claim(id(1)), projtest.Row{"owner": user(1), "settled": true, "claimed_at": shown(0)}},
		"sessions": {"session_id", user(50), projtest.Row{
			"user_id": user(1), "ip": "192.0.2.1", "user_agent": `agent "7"\`, "started_at": shown(5), "expires_at": shown(65),
			"idle_seconds": 600.0, "ended_at": shown(20), "revision": 1.0,
		}},
		"profiles": {"user_id", user(1), projtest.Row{
			"first_name": "Zoë", "last_name": nil, "bio": `Hi {"there"}`, "picture_url": "https://example.com/p.png",
			"timezone": "UTC", "locale": "en", "metadata": `{"b":{"c":"\u0000"},"d":2.50}`,
			"created_at": shown(2), "updated_at": shown(11), "revision": 2.0,
		}},
		"plans": {"plan_id", "basic", projtest.Row{
			"name": "Basic 2", "price_minor": 600.0, "currency": "USD", "interval": "year", "features": []any{}, "rank": 1.0,
		}},
		"subscriptions": {"user_id", user(2), projtest.Row{
			"plan_id": "basic", "trial": true, "trial_ends_at": shown(1000), "expires_at": shown(1000),
			"auto_renew": false, "cancel_at_period_end": false, "cancelled_at": nil, "expired_at": nil, "due_at": shown(1000),
			"price_minor": nil, "currency": nil, "interval": nil, "next_plan_id": nil,
		}},
		"roles": {"name", "editor", projtest.Row{
			"permissions": []any{"profile:*", "user:list"}, "inherits": []any{"viewer"}, "built_in": false,
		}},
		"access": {"user_id", user(1), projtest.Row{"revision": 4.0, "grants": []any{
			map[string]any{"role": "editor", "expires_at": "2026-03-01T20:20:00Z", "assigned_at": "2026-03-01T12:03:00Z"},
			map[string]any{"role": "viewer", "expires_at": "2026-03-01T23:40:00Z", "assigned_at": "2026-03-01T12:07:00Z"},
		}}},
		"onboarding": {"user_id", user(1), projtest.Row{
			"created_at": shown(0), "mail_wanted": true, "trial_at": shown(1), "profile_at": shown(2),
			"role_at": shown(2), "mail_at": shown(5), "token_at": shown(4),
		}},
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			row := rowOf(t, applied(t, table), c.column, c.value)
			for column, want := range c.want {
				if diff := cmp.Diff(want, row[column]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", column, diff)
				}
			}
		})
	}
}

// TestSubscriptionRowsShowWhereTheyStand compares what became of several subscriptions.
func TestSubscriptionRowsShowWhereTheyStand(t *testing.T) {
	t.Parallel()
	rows := applied(t, "subscriptions")
	for name, want := range map[string]projtest.Row{
		user(1): {
			"plan_id": "pro", "next_plan_id": "basic", "price_minor": 950.0, "currency": "USD", "interval": "month", "trial": false,
			"trial_ends_at": nil, "expires_at": shown(5000), "due_at": shown(5000), "auto_renew": true, "cancelled_at": nil, "revision": 9.0,
		},
		user(3): {
			"plan_id": "basic", "trial": true, "trial_ends_at": shown(1000), "expires_at": shown(1000), "expired_at": shown(1000), "due_at": nil,
		},
		user(7): {
			"plan_id": "pro", "next_plan_id": nil, "auto_renew": false, "cancel_at_period_end": true, "due_at": shown(2000),
		},
	} {
		row := rowOf(t, rows, "user_id", name)
		for column, want := range want {
			if diff := cmp.Diff(want, row[column]); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, column, diff)
			}
		}
	}
	if row := rowOf(t, applied(t, "onboarding"), "user_id", user(6)); row["trial_at"] != shown(4) {
		t.Errorf("a trial that was had already is not done: %v", row)
	}
}

func TestAnyTextSurvivesTheWayIntoARow(t *testing.T) {
	t.Parallel()
	texts := []string{"", " ", "a,b", `c"d\`, "{}", "NULL", "null", "'", "line\nbreak\t", "Zoë 🙂", "\u202e"}
	log := &projtest.Log{}
	log.Append(plan.StreamOf("odd"), plan.PlanDefined{ID: "odd", Name: "NUL \x00, broken \xff", Features: texts})
	for _, reason := range texts {
		log.Append(access.StreamOf(id(1)), access.RoleAssigned{UserID: id(1), Role: "role " + reason, Reason: reason})
	}
	pool := pgtest.New(t)
	for _, table := range []string{"plans", "access"} {
		projtest.Redelivery(t, pool, named(t, table), log.Events())
	}
	row := projtest.Rows(t, pool, "plans")[0]
	if row["name"] != "NUL \ufffd, broken \ufffd" {
		t.Errorf("got the name %q", row["name"])
	}
	if diff := cmp.Diff(toAny(texts), row["features"]); diff != "" {
		t.Errorf("features (-want +got):\n%s", diff)
	}
	reasons := make(map[any]any)
	for _, grant := range projtest.Rows(t, pool, "access")[0]["grants"].([]any) {
		grant := grant.(map[string]any)
		reasons[grant["role"]] = grant["reason"]
	}
	for _, reason := range texts {
		if got := reasons["role "+reason]; got != reason && (got != nil || reason != "") {
			t.Errorf("got the reason %q, want %q", got, reason)
		}
	}
}

func toAny(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}

func TestErasedTextIsNull(t *testing.T) {
	t.Parallel()
	account := rowOf(t, applied(t, "accounts"), "user_id", user(3))
	if account["email"] != nil || account["phone"] != nil {
		t.Errorf("got %v, want no e-mail and no phone", account)
	}
	profile := rowOf(t, applied(t, "profiles"), "user_id", user(2))
	if profile["first_name"] != nil || profile["metadata"] != nil {
		t.Errorf("got %v, want no first name and no metadata", profile)
	}
}

func TestAnAddressClaimedAgainIsNotSettledByItsFormerOwner(t *testing.T) {
	t.Parallel()
	claims := applied(t, "email_claims")
	for n, want := range map[byte]any{4: user(4), 5: user(2)} {
		if row := rowOf(t, claims, "claim_key", claim(id(n))); row["owner"] != want || row["settled"] != false {
			t.Errorf("claim %d is %v, want an unsettled one of %v", n, row, want)
		}
	}
}

// applied is a table after the history.
func applied(t *testing.T, table string) []projtest.Row {
	t.Helper()
	pool := pgtest.New(t)
	projtest.Apply(t, pool, named(t, table), history().Events())
	return projtest.Rows(t, pool, table)
}

func named(tb testing.TB, table string) projections.Projection {
	tb.Helper()
	for _, p := range projections.All() {
		if p.Name() == table {
			return p
		}
	}
	tb.Fatalf("no projection %s", table)
	return nil
}
