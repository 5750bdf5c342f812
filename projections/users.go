package projections

import (
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
	if r.CreatedAt == nil {
		return
	}
	r.ByEmail, r.ByGiven = termOf(r.account.Email), termOf(r.FirstName, r.LastName)
	if r.FirstName != nil && r.LastName != nil {
		r.ByFamily = termOf(r.LastName, r.FirstName)
	}
	if r.ByFamily != nil && r.ByGiven != nil && *r.ByFamily == *r.ByGiven { // who is called Ann Ann is found once
		r.ByFamily = nil
	}
}

// termOf is what a prefix is compared with, nil if there is nothing.
func termOf(texts ...*string) *string {
	var words []string
	for _, text := range texts {
		if text != nil {
			words = append(words, *text)
		}
	}
	found := term.Of(strings.Join(words, " "))
	if found == "" {
		return nil
	}
	return &found
}
