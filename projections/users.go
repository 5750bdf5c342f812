package projections

import (
	"slices"
	"strings"
	"time"

	"am-user-management/domain/access"
	"am-user-management/domain/account"
	"am-user-management/domain/profile"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/term"
)

// userRow is a user as lists show them. Its account is folded as that of the table accounts.
type userRow struct {
	mark
	account   accountRow
	CreatedAt *time.Time // nil if the user is not listed
	FirstName *string
	LastName  *string
	Roles     map[string]*time.Time // by their ids, to when they expire; nil for never
	ByEmail   *string
	ByGiven   *string
	ByFamily  *string
}

// newUsers projects what administrators list and search users by: one row per user, from the events of account,
// profile and roles, as far as those modules are switched on.
func newUsers() *table[uuid, userRow, *userRow] {
	events := types(profile.Events, access.Events)
	for _, event := range account.Events {
		if e, ok := event.(account.Event); ok && listed(e) {
			events[event.EventType()] = true
		}
	}
	return byLog("users", events, userKey, foldUser,
		func(e *eventstore.Envelope) bool {
			_, created := e.Event.(account.UserCreated)
			return created
		},
		plain("user_id", "uuid", func(r *userRow) *uuid { return &r.account.UserID }),
		plain("status", "text", func(r *userRow) *string { return &r.account.Status }),
		plain("resumes", "text", func(r *userRow) *string { return &r.account.Resumes }),
		plain("email", "text", func(r *userRow) **string { return &r.account.Email }),
		plain("phone", "text", func(r *userRow) **string { return &r.account.Phone }),
		plain("verified_at", "timestamptz", func(r *userRow) **time.Time { return &r.account.VerifiedAt }),
		plain("created_at", "timestamptz", func(r *userRow) **time.Time { return &r.CreatedAt }),
		plain("first_name", "text", func(r *userRow) **string { return &r.FirstName }),
		plain("last_name", "text", func(r *userRow) **string { return &r.LastName }),
		document("roles", func(r *userRow) *map[string]*time.Time { return &r.Roles }),
		plain("by_email", "text", func(r *userRow) **string { return &r.ByEmail }),
		plain("by_given", "text", func(r *userRow) **string { return &r.ByGiven }),
		plain("by_family", "text", func(r *userRow) **string { return &r.ByFamily }),
	)
}

// listed reports whether a list of users shows what an event changes. The others would cost a write each.
func listed(e account.Event) bool {
	switch e.(type) {
	case account.UserCreated, account.EmailVerified, account.EmailChanged, account.AccountDeactivated, account.AccountReactivated,
		account.AccountErasureRequested, account.AccountErased:
		return true
	case account.EmailVerificationRequested, account.RegistrationAborted, account.PasswordResetRequested, account.PasswordChanged,
		account.PasswordRehashed, account.EmailChangeRequested, account.EmailChangeAborted, account.AccountLocked,
		account.AccountUnlocked, account.SessionsEnded, account.SignUpRepeated:
		return false
	}
	return true
}

func userKey(e *eventstore.Envelope) (uuid, bool) {
	switch e.Event.(type) {
	case account.Event:
		return accountKey(e)
	case profile.Event:
		return profileKey(e)
	case access.Event:
		return accessKey(e)
	}
	return uuid{}, false
}

func foldUser(r *userRow, envelope *eventstore.Envelope) {
	if r.Roles == nil {
		r.Roles = make(map[string]*time.Time)
	}
	r.account.UserID, _ = userKey(envelope)
	if r.account.Status == string(erased) {
		return
	}
	switch e := envelope.Event.(type) {
	case account.UserCreated:
		foldAccount(&r.account, envelope)
		r.CreatedAt = &e.CreatedAt
	case account.AccountErased:
		*r = userRow{
			mark: r.mark, account: accountRow{UserID: r.account.UserID, Status: string(erased)}, Roles: make(map[string]*time.Time),
		}
	case account.Event:
		foldAccount(&r.account, envelope)
	case access.RoleAssigned:
		r.Roles[readable(e.Role)] = e.ExpiresAt
	case access.RoleRevoked:
		delete(r.Roles, readable(e.Role))
	case profile.ProfileCreated:
		r.FirstName, r.LastName = personal(e.FirstName), personal(e.LastName)
	case profile.ProfileUpdated:
		change(&r.FirstName, e.FirstName)
		change(&r.LastName, e.LastName)
	}
	r.ByEmail, r.ByGiven, r.ByFamily = nil, nil, nil
	if r.CreatedAt != nil {
		r.ByEmail, r.ByGiven, r.ByFamily = termsOf(r.account.Email, r.FirstName, r.LastName)
	}
}

// termsOf are what a prefix may match: the address, and the name in either order. None is there twice, so that a user
// is found once under each.
func termsOf(email, first, last *string) (byEmail, byGiven, byFamily *string) {
	taken := []string{""}
	of := func(parts ...*string) *string {
		var words []string
		for _, part := range parts {
			if part != nil {
				words = append(words, *part)
			}
		}
		found := term.Of(strings.Join(words, " "))
		if slices.Contains(taken, found) {
			return nil
		}
		taken = append(taken, found)
		return &found
	}
	return of(email), of(first, last), of(last, first)
}
