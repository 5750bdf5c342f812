package projections_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/email"
	"am-user-management/domain/onboarding"
	"am-user-management/domain/plan"
	"am-user-management/domain/profile"
	"am-user-management/domain/roles"
	"am-user-management/domain/session"
	"am-user-management/domain/subscription"
	"am-user-management/internal/projtest"
)

// at is a time, so many minutes after a beginning.
func at(minutes int) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// id is an id that ends in n.
func id(n byte) domain.ID { return domain.ID{0: 0xa0, 6: 0x70, 15: n} }

func text(s string) domain.Personal { return domain.NewPersonal(s) }

func pointer[T any](value T) *T { return &value }

// created is the UserCreated of a user.
func created(user domain.ID) account.UserCreated {
	return account.UserCreated{
		UserID: user, Email: text("u" + user.String() + "@example.com"), Phone: text("+4930123456"),
		EmailClaim: claim(user), Status: account.PendingVerification, CredentialID: id(200),
		PasswordHash: domain.NewSecret("x"), CreatedAt: at(0),
	}
}

// claim is the key of a user's claim on the address.
func claim(user domain.ID) string { return strings.Repeat(hex.EncodeToString(user[14:]), 16) }

func started(sessionID, user domain.ID) session.SessionStarted {
	return session.SessionStarted{
		SessionID: sessionID, UserID: user, SecretHash: strings.Repeat(hex.EncodeToString(sessionID[15:]), 32),
		IP: text("192.0.2.1"), UserAgent: text("agent \"7\"\\"), StartedAt: at(5), ExpiresAt: at(65), IdleSeconds: 600,
	}
}

// history is a log in which every event type happens, with two users whose events alternate, an erased one, and a
// registration that was aborted.
func history() *projtest.Log {
	log := &projtest.Log{}
	for _, user := range []domain.ID{id(1), id(2)} {
		log.Append(email.StreamOf(claim(user)), email.EmailClaimed{Owner: user, NormVersion: 1, ClaimedAt: at(0)})
	}
	for _, user := range []domain.ID{id(1), id(2)} {
		log.Append(account.StreamOf(user), created(user),
			account.EmailVerificationRequested{UserID: user, RequestID: id(100), ExpiresAt: at(60), RequestedAt: at(0)})
	}
	erased := created(id(3))
	erased.Email, erased.Phone, erased.Status = domain.ErasedPersonal(), domain.Personal{}, account.Active
	log.Append(account.StreamOf(id(3)), erased)
	log.Append(email.StreamOf(claim(id(4))), email.EmailClaimed{Owner: id(4), NormVersion: 1, ClaimedAt: at(1)})
	log.Append(account.StreamOf(id(4)), account.RegistrationAborted{UserID: id(4), Reason: "late", At: at(90)})
	log.Append(email.StreamOf(claim(id(5))),
		email.EmailClaimed{Owner: id(5), NormVersion: 1, ClaimedAt: at(1)},
		email.EmailReleased{Owner: id(5), Reason: "aborted", At: at(2)})

	for _, user := range []domain.ID{id(1), id(2), id(3)} {
		log.Append(subscription.StreamOf(user), subscription.TrialStarted{UserID: user, PlanID: "basic", StartedAt: at(1), EndsAt: at(1000)})
		log.Append(profile.StreamOf(user), profile.ProfileCreated{
			UserID: user, FirstName: text("Zoë"), LastName: text("O'Neil\x00"), Timezone: "Europe/Berlin", Locale: "de-DE", CreatedAt: at(2),
		})
		log.Append(access.StreamOf(user),
			access.RoleAssigned{UserID: user, Role: "viewer", Reason: "default", At: at(2)},
			access.RoleAssigned{UserID: user, Role: "editor", ExpiresAt: pointer(at(500)), At: at(3)},
			access.RoleAssigned{UserID: user, Role: "auditor", At: at(3)})
		log.Append(onboarding.StreamOf(user), onboarding.StepDone{UserID: user, Step: onboarding.Token, At: at(4)})
	}
	subscribed(log)
	log.Append(access.StreamOf(id(1)), access.RoleRevoked{UserID: id(1), Role: "auditor", Reason: "left", At: at(6)})
	log.Append(access.StreamOf(id(1)), access.RoleAssigned{UserID: id(1), Role: "viewer", ExpiresAt: pointer(at(700)), At: at(7)})
	log.Append(onboarding.StreamOf(id(1)), onboarding.StepDone{UserID: id(1), Step: onboarding.Mail, At: at(5)})
	log.Append(account.StreamOf(id(1)), account.EmailVerified{UserID: id(1), RequestID: id(100), VerifiedAt: at(8)})
	log.Append(email.StreamOf(claim(id(5))), email.EmailClaimed{Owner: id(2), NormVersion: 1, ClaimedAt: at(9)})
	log.Append(profile.StreamOf(id(1)), profile.ProfileUpdated{
		UserID: id(1), LastName: pointer(text("")), Bio: pointer(text("Hi {\"there\"}")), PictureURL: pointer(text("https://example.com/p.png")),
		Timezone: pointer("UTC"), Metadata: text(`{"a":1,"b":{"c":"\u0000"}}`), UpdatedAt: at(10),
	})
	log.Append(profile.StreamOf(id(1)), profile.ProfileUpdated{UserID: id(1), Locale: pointer("en"), Metadata: text(`{"a":null,"d":2.50}`), UpdatedAt: at(11)})
	log.Append(profile.StreamOf(id(2)), profile.ProfileUpdated{UserID: id(2), FirstName: pointer(domain.ErasedPersonal()), Metadata: domain.ErasedPersonal(), UpdatedAt: at(12)})
	for n := range byte(4) {
		log.Append(session.StreamOf(id(50+n)), started(id(50+n), id(1+n%2)))
	}
	log.Append(session.StreamOf(id(50)), session.SessionEnded{SessionID: id(50), UserID: id(1), Reason: session.LoggedOut, EndedAt: at(20)})
	log.Append(plan.StreamOf("basic"), plan.PlanDefined{
		ID: "basic", Name: "Basic", PriceMinor: 500, Currency: "USD", Interval: plan.Month, Features: []string{"a,b", `c"d\`, ""}, Rank: 1, At: at(0),
	})
	log.Append(plan.StreamOf("pro"), plan.PlanDefined{ID: "pro", Name: "Pro", PriceMinor: 900, Currency: "USD", Interval: plan.Month, Rank: 2, At: at(0)})
	log.Append(plan.StreamOf("basic"), plan.PlanDefined{ID: "basic", Name: "Basic 2", PriceMinor: 600, Currency: "USD", Interval: plan.Year, Rank: 1, At: at(1)})
	for _, role := range []roles.RoleDefined{
		{Name: "viewer", Permissions: []string{"profile:read"}, BuiltIn: true},
		{Name: "editor", Permissions: []string{"profile:*"}, Inherits: []string{"viewer"}, BuiltIn: true},
		{Name: "editor", Permissions: []string{"profile:*", "user:list"}, Inherits: []string{"viewer"}},
	} {
		log.Append(roles.StreamOf(role.Name), role)
	}
	log.Append(roles.StreamOf("guest"), roles.RoleDefined{Name: "guest", Permissions: []string{"profile:read"}}, roles.RoleDeleted{Name: "guest"})
	log.Append(roles.StreamOf("temp"),
		roles.RoleDefined{Name: "temp", Inherits: []string{"viewer"}}, roles.RoleDeleted{Name: "temp"}, roles.RoleDefined{Name: "temp"})
	return log
}

// subscribed continues the trials: user 1 has everything happen to them and is on a plan, user 3's trial expired. User 6
// had their trial under another account.
func subscribed(log *projtest.Log) {
	terms := func(plan string, price int64) subscription.Terms {
		return subscription.Terms{PlanID: plan, PriceMinor: price, Currency: "USD", Interval: subscription.Month, Rank: int(price)}
	}
	one := id(1)
	log.Append(subscription.StreamOf(one),
		subscription.PlanUpgraded{UserID: one, From: "basic", To: terms("pro", 900), AutoRenew: true, At: at(10), EndsAt: at(2000)},
		subscription.CancellationScheduled{UserID: one, At: at(11), EffectiveAt: at(2000)},
		subscription.SubscriptionResumed{UserID: one, At: at(12)},
		subscription.SubscriptionRenewed{UserID: one, Terms: terms("pro", 900), At: at(2000), EndsAt: at(3000)},
		subscription.DowngradeScheduled{UserID: one, To: terms("basic", 500), At: at(2001), EffectiveAt: at(3000)},
		subscription.PlanDowngraded{UserID: one, From: "pro", To: terms("basic", 500), At: at(3000), EndsAt: at(4000)},
		subscription.SubscriptionCancelled{UserID: one, PlanID: "basic", At: at(3001)},
		subscription.PlanUpgraded{UserID: one, To: terms("pro", 950), AutoRenew: true, At: at(3002), EndsAt: at(5000)},
		subscription.DowngradeScheduled{UserID: one, To: terms("basic", 500), At: at(3003), EffectiveAt: at(5000)})
	log.Append(subscription.StreamOf(id(3)), subscription.SubscriptionExpired{UserID: id(3), PlanID: "basic", At: at(1000)})
	log.Append(subscription.StreamOf(id(7)),
		subscription.PlanUpgraded{UserID: id(7), To: terms("pro", 900), AutoRenew: true, At: at(1), EndsAt: at(2000)},
		subscription.DowngradeScheduled{UserID: id(7), To: terms("basic", 500), At: at(2), EffectiveAt: at(2000)},
		subscription.AutoRenewChanged{UserID: id(7), At: at(3)},
		subscription.CancellationScheduled{UserID: id(7), At: at(4), EffectiveAt: at(2000)})
	log.Append(account.StreamOf(id(6)), created(id(6)))
	log.Append(onboarding.StreamOf(id(6)), onboarding.StepDone{UserID: id(6), Step: onboarding.Trial, At: at(4)})
}

// user names the user whose id ends in n, as a row shows it.
func user(n byte) string { return id(n).String() }

func rowOf(t *testing.T, rows []projtest.Row, column, value string) projtest.Row {
	t.Helper()
	for _, row := range rows {
		if row[column] == value {
			return row
		}
	}
	t.Fatalf("no row with %s = %s in %v", column, value, rows)
	return nil
}

func shown(minutes int) string { return fmt.Sprint(at(minutes).Format("2006-01-02T15:04:05-07:00")) }
