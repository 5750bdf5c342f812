package readmodel_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"am-user-management/domain"
	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/domain/roles"
	"am-user-management/domain/session"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
	"am-user-management/projections"
	"am-user-management/readmodel"
)

// noon is when everything in the tests begins.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

var (
	ann   = domain.ID{0: 0xa1, 6: 0x70, 15: 1}
	ben   = domain.ID{0: 0xb2, 6: 0x70, 15: 2}
	visit = domain.ID{0: 0xc3, 6: 0x70, 15: 3}
)

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func text(s string) domain.Personal { return domain.NewPersonal(s) }

func signedUp(user domain.ID) account.UserCreated {
	return account.UserCreated{
		UserID: user, Email: text("ann@example.com"), EmailClaim: "claim-" + user.String(),
		Status: account.Active, CreatedAt: noon,
	}
}

func loggedIn(id, user domain.ID, secret string, at time.Time) session.SessionStarted {
	return session.SessionStarted{
		SessionID: id, UserID: user, SecretHash: hex.EncodeToString(hashOf(secret)), IP: text("192.0.2.1"),
		StartedAt: at, ExpiresAt: at.Add(24 * time.Hour), IdleSeconds: 7200,
	}
}

// visiting is a log in which Ann has an account, a profile and a session whose secret is "s".
func visiting() *projtest.Log {
	log := &projtest.Log{}
	log.Append(account.StreamOf(ann), signedUp(ann))
	log.Append(profile.StreamOf(ann), profile.ProfileCreated{UserID: ann, FirstName: text("Ann"), Locale: "en", CreatedAt: noon})
	log.Append(session.StreamOf(visit), loggedIn(visit, ann, "s", noon))
	return log
}

// permitting adds roles to a log: boss inherits editor inherits viewer inherits boss.
func permitting(log *projtest.Log) {
	for _, role := range []roles.RoleDefined{
		{Name: "viewer", Permissions: []string{"profile:read"}, Inherits: []string{"boss"}},
		{Name: "editor", Permissions: []string{"profile:*", "profile:read"}, Inherits: []string{"viewer", "gone"}},
		{Name: "boss", Permissions: []string{"user:list"}, Inherits: []string{"editor"}},
		{Name: "auditor", Permissions: []string{"audit:read"}},
	} {
		log.Append(roles.StreamOf(role.Name), role)
	}
	soon := after(time.Hour)
	log.Append(access.StreamOf(ann),
		access.RoleAssigned{UserID: ann, Role: "editor", Reason: "hired", At: noon},
		access.RoleAssigned{UserID: ann, Role: "auditor", ExpiresAt: &soon, At: noon})
}

// reading is a reader of the tables after a log.
func reading(tb testing.TB, log *projtest.Log) (*readmodel.Reader, *pgxpool.Pool) {
	tb.Helper()
	pool := pgtest.New(tb)
	for _, p := range projections.All() {
		projtest.Apply(tb, pool, p, log.Events())
	}
	return readmodel.New(pool), pool
}

func idOf(id domain.ID) uuid.UUID { return uuid.UUID(id) }
