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
}

// EmailVerificationRequested asks the owner of the address to prove it. The token in the mail is derived from
// RequestID and is not stored. Earlier requests stay valid.
type EmailVerificationRequested struct {
	UserID      domain.ID `json:"user_id"`
	RequestID   domain.ID `json:"request_id"`
	ExpiresAt   time.Time `json:"expires_at"`
	RequestedAt time.Time `json:"requested_at"`
}

// EmailVerified tells that the address was proven by the token of RequestID.
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

// Subject is the user.
func (e UserCreated) Subject() domain.ID { return e.UserID }

// Credential is the password that the hash belongs to.
func (e UserCreated) Credential() domain.ID { return e.CredentialID }

// Subject is the user: somebody not logged in may cause the event, and where from is told about the user.
func (e EmailVerificationRequested) Subject() domain.ID { return e.UserID }

// Subject is the user: somebody not logged in may cause the event, and where from is told about the user.
func (e EmailVerified) Subject() domain.ID { return e.UserID }

func (UserCreated) account()                {}
func (EmailVerificationRequested) account() {}
func (EmailVerified) account()              {}
func (RegistrationAborted) account()        {}

// Events lists every event of the module; codec and golden files are built from it.
var Events = []domain.Event{
	UserCreated{},
	EmailVerificationRequested{},
	EmailVerified{},
	RegistrationAborted{},
}
