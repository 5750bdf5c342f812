package projections_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/internal/pgtest"
	"am-user-management/internal/projtest"
)

// TestUsersAreListedAsTheyAre compares the rows of users to whom everything happened that a list shows.
func TestUsersAreListedAsTheyAre(t *testing.T) {
	t.Parallel()
	log := &projtest.Log{}
	signUp := func(n byte, status account.Status) {
		created := created(id(n))
		created.Email, created.Status = text("Ann@Example.com"), status
		log.Append(account.StreamOf(id(n)), created)
		log.Append(profile.StreamOf(id(n)), profile.ProfileCreated{UserID: id(n), FirstName: text("Zoë"), LastName: text("STRAUẞ"), CreatedAt: at(1)})
		log.Append(access.StreamOf(id(n)), access.RoleAssigned{UserID: id(n), Role: "viewer", At: at(1)})
	}
	signUp(1, account.PendingVerification)
	log.Append(account.StreamOf(id(1)),
		account.EmailVerified{UserID: id(1), VerifiedAt: at(2)},
		account.EmailChanged{UserID: id(1), Email: text("Zoe@Example.com"), ChangedAt: at(3)},
		account.PasswordChanged{UserID: id(1), ChangedAt: at(4)})
	log.Append(profile.StreamOf(id(1)), profile.ProfileUpdated{UserID: id(1), LastName: pointer(text("")), UpdatedAt: at(5)})
	log.Append(access.StreamOf(id(1)), access.RoleAssigned{UserID: id(1), Role: "editor", ExpiresAt: pointer(at(9)), At: at(5)})
	signUp(2, account.PendingVerification)
	log.Append(account.StreamOf(id(2)), account.AccountDeactivated{UserID: id(2), At: at(2)})
	signUp(3, account.PendingVerification)
	log.Append(account.StreamOf(id(3)), account.AccountDeactivated{UserID: id(3), At: at(2)}, account.AccountReactivated{UserID: id(3), At: at(3)})
	log.Append(access.StreamOf(id(3)), access.RoleRevoked{UserID: id(3), Role: "viewer", At: at(4)})
	signUp(4, account.Active)
	log.Append(account.StreamOf(id(4)), account.AccountErasureRequested{UserID: id(4), At: at(2)}, account.AccountErased{UserID: id(4), At: at(3)})
	log.Append(profile.StreamOf(id(4)), profile.ProfileUpdated{UserID: id(4), FirstName: pointer(text("Late")), UpdatedAt: at(4)})
	signUp(6, account.Active)
	log.Append(profile.StreamOf(id(6)), profile.ProfileUpdated{UserID: id(6), FirstName: pointer(text("Strauß")), UpdatedAt: at(2)})
	log.Append(account.StreamOf(id(5)), account.RegistrationAborted{UserID: id(5), At: at(0)})

	rows := projtest.Redelivery(t, pgtest.New(t), named(t, "users"), log.Events())
	if len(rows) != 5 {
		t.Errorf("got %d rows, want none for the registration that was aborted", len(rows))
	}
	listed := projtest.Row{
		"email": "Ann@Example.com", "phone": "+4930123456", "created_at": shown(0), "first_name": "Zoë", "last_name": "STRAUẞ",
		"by_email": "ann@example.com", "by_given": "zoë strauss", "by_family": "strauss zoë", "verified_at": nil, "roles": map[string]any{"viewer": nil},
	}
	for n, changes := range map[byte]projtest.Row{
		1: {
			"status": "ACTIVE", "email": "Zoe@Example.com", "verified_at": shown(3), "last_name": nil,
			"roles":    map[string]any{"editor": at(9).Format(time.RFC3339), "viewer": nil},
			"by_email": "zoe@example.com", "by_given": "zoë", "by_family": nil, "inactive": false, "elevated": true,
		},
		2: {"status": "INACTIVE", "inactive": true, "elevated": false},
		6: {"status": "ACTIVE", "first_name": "Strauß", "by_given": "strauss strauss", "by_family": nil},
		3: {"status": "PENDING_VERIFICATION", "roles": map[string]any{}, "inactive": false, "elevated": false},
		4: {
			"status": "ERASED", "email": nil, "phone": nil, "created_at": nil, "first_name": nil, "last_name": nil,
			"roles": map[string]any{}, "by_email": nil, "by_given": nil, "by_family": nil, "inactive": false, "elevated": false,
		},
	} {
		row := rowOf(t, rows, "user_id", user(n))
		for column := range listed {
			if _, changed := changes[column]; !changed {
				changes[column] = listed[column]
			}
		}
		for column, want := range changes {
			if diff := cmp.Diff(want, row[column]); diff != "" {
				t.Errorf("user %d, %s (-want +got):\n%s", n, column, diff)
			}
		}
	}
}
