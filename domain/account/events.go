package account

import (
	"time"

	"am-user-management/domain"
)

// Event is everything that can happen to an account.
//
//sumtype:decl
type Event interface {
	domain.Event
	account()
}

// UserCreated opens an account. It is the commit point of a sign-up: before it there is only a claim on an address.
type UserCreated struct {
	UserID    domain.ID       `json:"user_id"`
	Email     domain.Personal `json:"email"`
	Phone     domain.Personal `json:"phone,omitzero"`
	FirstName domain.Personal `json:"first_name,omitzero"`
	LastName  domain.Personal `json:"last_name,omitzero"`
	Timezone  string          `json:"timezone,omitzero"`
	Locale    string          `json:"locale,omitzero"`
	// EmailClaim is the key of the claim on the address: the hex HMAC in the name of the claim's stream.
	EmailClaim   string        `json:"email_claim"`
	Status       Status        `json:"status"`
	CredentialID domain.ID     `json:"credential_id"`
	PasswordHash domain.Secret `json:"password_hash"`
	CreatedAt    time.Time     `json:"created_at"`
	// Imported tells that the account was one of many that were brought from elsewhere.
	Imported bool `json:"imported,omitzero"`
}

// EmailVerificationRequested asks the owner of the address to prove it. The token in the mail is derived from
// RequestID and is not stored. Earlier requests stay valid.
type EmailVerificationRequested struct {
	UserID      domain.ID `json:"user_id"`
	RequestID   domain.ID `json:"request_id"`
	ExpiresAt   time.Time `json:"expires_at"`
	RequestedAt time.Time `json:"requested_at"`
}

// EmailVerified tells that the address was proven by the token of RequestID, or that whoever made the account answers
// for it: RequestID is zero then.
type EmailVerified struct {
	UserID     domain.ID `json:"user_id"`
	RequestID  domain.ID `json:"request_id"`
	VerifiedAt time.Time `json:"verified_at"`
}

// RegistrationAborted closes an account id before UserCreated was stored under it: that sign-up can never complete,
// so its claim on the address may be released. Readers ignore such accounts.
type RegistrationAborted struct {
	UserID domain.ID `json:"user_id"`
	Reason string    `json:"reason,omitzero"`
	At     time.Time `json:"at"`
}

// PasswordResetRequested asks the owner of the address for a new password. The token in the mail is derived from
// RequestID and is not stored. Earlier requests stay valid.
type PasswordResetRequested struct {
	UserID      domain.ID `json:"user_id"`
	RequestID   domain.ID `json:"request_id"`
	ExpiresAt   time.Time `json:"expires_at"`
	RequestedAt time.Time `json:"requested_at"`
}

// PasswordChanged replaces the password, and ends every session but the kept one. Tokens that are out end with it.
type PasswordChanged struct {
	UserID       domain.ID     `json:"user_id"`
	CredentialID domain.ID     `json:"credential_id"`
	PasswordHash domain.Secret `json:"password_hash"`
	// PreviousCredentialID names the credential that ends: its key is destroyed, its hash unreadable from then on.
	PreviousCredentialID domain.ID `json:"previous_credential_id"`
	// RequestID is the reset request whose token did it, zero where the old password did.
	RequestID domain.ID `json:"request_id,omitzero"`
	// KeptSession is the session that changed it and goes on, zero for none.
	KeptSession domain.ID `json:"kept_session,omitzero"`
	ChangedAt   time.Time `json:"changed_at"`
}

// PasswordRehashed replaces the hash of the same password, at a login, by one of today's cost. It ends no session.
type PasswordRehashed struct {
	UserID               domain.ID     `json:"user_id"`
	CredentialID         domain.ID     `json:"credential_id"`
	PasswordHash         domain.Secret `json:"password_hash"`
	PreviousCredentialID domain.ID     `json:"previous_credential_id"`
	At                   time.Time     `json:"at"`
}

// EmailChangeRequested asks the owner of another address to prove it. The account keeps its address until then. The
// new address is not claimed yet: nobody can block an address that is not theirs.
type EmailChangeRequested struct {
	UserID    domain.ID       `json:"user_id"`
	RequestID domain.ID       `json:"request_id"`
	NewEmail  domain.Personal `json:"new_email"`
	// NewEmailClaim is the key of the claim that the change will make.
	NewEmailClaim string    `json:"new_email_claim"`
	ExpiresAt     time.Time `json:"expires_at"`
	RequestedAt   time.Time `json:"requested_at"`
}

// EmailChanged gives the account another address, proven by the token of RequestID. The claim on the previous one is
// released afterwards. Tokens that are out end with it.
type EmailChanged struct {
	UserID             domain.ID       `json:"user_id"`
	RequestID          domain.ID       `json:"request_id"`
	Email              domain.Personal `json:"email"`
	EmailClaim         string          `json:"email_claim"`
	PreviousEmail      domain.Personal `json:"previous_email"`
	PreviousEmailClaim string          `json:"previous_email_claim"`
	ChangedAt          time.Time       `json:"changed_at"`
}

// EmailChangeAborted gives up the changes to an address whose claim was made and led to nothing, so that the claim may
// be released: a change that is still under way finds it here.
type EmailChangeAborted struct {
	UserID     domain.ID `json:"user_id"`
	EmailClaim string    `json:"email_claim"`
	Reason     string    `json:"reason,omitzero"`
	At         time.Time `json:"at"`
}

// AccountDeactivated closes the account to its user until it is reactivated. Sessions and tokens end with it.
type AccountDeactivated struct {
	UserID domain.ID `json:"user_id"`
	Reason string    `json:"reason,omitzero"`
	At     time.Time `json:"at"`
}

// AccountReactivated opens a deactivated account again, to what it was before.
type AccountReactivated struct {
	UserID domain.ID `json:"user_id"`
	Reason string    `json:"reason,omitzero"`
	At     time.Time `json:"at"`
}

// AccountLocked tells that logins to the account are refused for a while, from where too many failed.
type AccountLocked struct {
	UserID domain.ID `json:"user_id"`
	Until  time.Time `json:"until"`
	At     time.Time `json:"at"`
}

// AccountUnlocked tells that somebody ended all locks before their time.
type AccountUnlocked struct {
	UserID domain.ID `json:"user_id"`
	Reason string    `json:"reason,omitzero"`
	At     time.Time `json:"at"`
}

// SessionsEnded ends every session of the user but the kept one, at once and however many they are.
type SessionsEnded struct {
	UserID      domain.ID `json:"user_id"`
	KeptSession domain.ID `json:"kept_session,omitzero"`
	At          time.Time `json:"at"`
}

// SignUpRepeated tells that somebody signed up with the account's address, where the answer to them must not tell: the
// owner is told by mail instead.
type SignUpRepeated struct {
	UserID domain.ID `json:"user_id"`
	At     time.Time `json:"at"`
}

// AccountErasureRequested begins the end of an account: it is closed at once, and its personal data is destroyed soon.
type AccountErasureRequested struct {
	UserID    domain.ID `json:"user_id"`
	ErasureID domain.ID `json:"erasure_id"`
	Reason    string    `json:"reason,omitzero"`
	At        time.Time `json:"at"`
}

// AccountErased tells that the keys of the user's personal data are destroyed and their address is free.
type AccountErased struct {
	UserID    domain.ID `json:"user_id"`
	ErasureID domain.ID `json:"erasure_id"`
	At        time.Time `json:"at"`
}

// EventType is the name on the wire.
func (UserCreated) EventType() string { return "account.user_created.v1" }

// EventType is the name on the wire.
func (EmailVerificationRequested) EventType() string {
	return "account.email_verification_requested.v1"
}

// EventType is the name on the wire.
func (EmailVerified) EventType() string { return "account.email_verified.v1" }

// EventType is the name on the wire.
func (RegistrationAborted) EventType() string { return "account.registration_aborted.v1" }

// EventType is the name on the wire.
func (PasswordResetRequested) EventType() string { return "account.password_reset_requested.v1" }

// EventType is the name on the wire.
func (PasswordChanged) EventType() string { return "account.password_changed.v1" }

// EventType is the name on the wire.
func (PasswordRehashed) EventType() string { return "account.password_rehashed.v1" }

// EventType is the name on the wire.
func (EmailChangeRequested) EventType() string { return "account.email_change_requested.v1" }

// EventType is the name on the wire.
func (EmailChanged) EventType() string { return "account.email_changed.v1" }

// EventType is the name on the wire.
func (EmailChangeAborted) EventType() string { return "account.email_change_aborted.v1" }

// EventType is the name on the wire.
func (AccountDeactivated) EventType() string { return "account.account_deactivated.v1" }

// EventType is the name on the wire.
func (AccountReactivated) EventType() string { return "account.account_reactivated.v1" }

// EventType is the name on the wire.
func (AccountLocked) EventType() string { return "account.account_locked.v1" }

// EventType is the name on the wire.
func (AccountUnlocked) EventType() string { return "account.account_unlocked.v1" }

// EventType is the name on the wire.
func (SessionsEnded) EventType() string { return "account.sessions_ended.v1" }

// EventType is the name on the wire.
func (SignUpRepeated) EventType() string { return "account.sign_up_repeated.v1" }

// EventType is the name on the wire.
func (AccountErasureRequested) EventType() string { return "account.account_erasure_requested.v1" }

// EventType is the name on the wire.
func (AccountErased) EventType() string { return "account.account_erased.v1" }

// Subject is the user.
func (e UserCreated) Subject() domain.ID { return e.UserID }

// Credential is the password that the hash belongs to.
func (e UserCreated) Credential() domain.ID { return e.CredentialID }

// Subject is the user: somebody not logged in may cause the event, and where from is told about the user.
func (e EmailVerificationRequested) Subject() domain.ID { return e.UserID }

// Subject is the user: somebody not logged in may cause the event, and where from is told about the user.
func (e EmailVerified) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e PasswordResetRequested) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e PasswordChanged) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e PasswordRehashed) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e EmailChangeRequested) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e EmailChanged) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e AccountLocked) Subject() domain.ID { return e.UserID }

// Subject is the user.
func (e SignUpRepeated) Subject() domain.ID { return e.UserID }

// Credential is the new password.
func (e PasswordChanged) Credential() domain.ID { return e.CredentialID }

// Credential is the new hash.
func (e PasswordRehashed) Credential() domain.ID { return e.CredentialID }

func (UserCreated) account()                {}
func (EmailVerificationRequested) account() {}
func (EmailVerified) account()              {}
func (RegistrationAborted) account()        {}
func (PasswordResetRequested) account()     {}
func (PasswordChanged) account()            {}
func (PasswordRehashed) account()           {}
func (EmailChangeRequested) account()       {}
func (EmailChanged) account()               {}
func (EmailChangeAborted) account()         {}
func (AccountDeactivated) account()         {}
func (AccountReactivated) account()         {}
func (AccountLocked) account()              {}
func (AccountUnlocked) account()            {}
func (SessionsEnded) account()              {}
func (SignUpRepeated) account()             {}
func (AccountErasureRequested) account()    {}
func (AccountErased) account()              {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{
	UserCreated{},
	EmailVerificationRequested{},
	EmailVerified{},
	RegistrationAborted{},
	PasswordResetRequested{},
	PasswordChanged{},
	PasswordRehashed{},
	EmailChangeRequested{},
	EmailChanged{},
	EmailChangeAborted{},
	AccountDeactivated{},
	AccountReactivated{},
	AccountLocked{},
	AccountUnlocked{},
	SessionsEnded{},
	SignUpRepeated{},
	AccountErasureRequested{},
	AccountErased{},
}
