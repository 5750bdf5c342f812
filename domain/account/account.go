// Package account holds the rules of an account: opening one, proving its address, and what stands between the right
// password and a session. It imports domain and the standard library only.
package account

import (
	"slices"
	"time"

	"am-user-management/domain"
)

// maxRequests is how many requests to verify the address an account remembers. The oldest is forgotten first and its
// token is invalid then.
const maxRequests = 10

// Status is whether an account may be used.
type Status string

// The statuses.
const (
	Active              Status = "ACTIVE"
	Inactive            Status = "INACTIVE"
	PendingVerification Status = "PENDING_VERIFICATION"
)

// The rules of the module.
var (
	ErrAlreadyExists = &domain.Error{
		Kind: domain.Conflict, Code: "account.user-already-exists",
		Title: "A user with this e-mail address already exists.",
	}
	ErrNotFound = &domain.Error{
		Kind: domain.NotFound, Code: "account.not-found", Title: "There is no such account.",
	}
	ErrRegistrationExpired = &domain.Error{
		Kind: domain.Conflict, Code: "account.registration-expired",
		Title: "This sign-up took too long and was given up; sign up again with a new idempotency key.",
	}
	ErrInvalidCredentials = &domain.Error{
		Kind: domain.Unauthenticated, Code: "account.invalid-credentials",
		Title: "The e-mail address or the password is wrong.",
	}
	ErrEmailNotVerified = &domain.Error{
		Kind: domain.Forbidden, Code: "account.email-not-verified", Title: "The e-mail address is not verified yet.",
	}
	ErrInactive = &domain.Error{
		Kind: domain.Forbidden, Code: "account.inactive", Title: "The account is not active.",
	}
	ErrTokenInvalid = &domain.Error{
		Kind: domain.Invalid, Code: "account.token-invalid", Title: "The token is not valid.",
	}
	ErrTokenExpired = &domain.Error{
		Kind: domain.Invalid, Code: "account.token-expired", Title: "The token has expired; ask for a new one.",
	}
	ErrTokenUsed = &domain.Error{
		Kind: domain.Invalid, Code: "account.token-used", Title: "The token was used before.",
	}
)

// StreamOf names the stream of a user's account.
func StreamOf(userID domain.ID) string { return "account-" + userID.String() }

// State is what events add up to. Its zero value is "no account".
type State struct {
	UserID domain.ID
	Email  domain.Personal
	Phone  domain.Personal
	// EmailClaim is the key of the account's claim on its address.
	EmailClaim   string
	Status       Status
	CredentialID domain.ID
	PasswordHash domain.Secret
	CreatedAt    time.Time
	// VerifiedAt is zero until the address is proven.
	VerifiedAt time.Time
	// Requests are the newest requests to verify the address, oldest first.
	Requests []Request
	// Aborted tells that no account can be opened under this id any more.
	Aborted bool
}

// Request is one request to verify the address.
type Request struct {
	ID          domain.ID
	RequestedAt time.Time
	ExpiresAt   time.Time
	Used        bool
}

// Exists reports whether the account was opened.
func (s State) Exists() bool { return !s.UserID.IsZero() }

// MayLogIn is asked after the password proved right, never before, so that a stranger learns nothing. It returns
// ErrInvalidCredentials if there is no account, ErrInactive and ErrEmailNotVerified.
func (s State) MayLogIn() error {
	switch {
	case !s.Exists():
		return ErrInvalidCredentials
	case s.Status == PendingVerification:
		return ErrEmailNotVerified
	case s.Status != Active:
		return ErrInactive
	}
	return nil
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	switch e := e.(type) {
	case UserCreated:
		s.UserID, s.Email, s.Phone, s.EmailClaim = e.UserID, e.Email, e.Phone, e.EmailClaim
		s.Status, s.CreatedAt = e.Status, e.CreatedAt
		s.CredentialID, s.PasswordHash = e.CredentialID, e.PasswordHash
	case EmailVerificationRequested:
		request := Request{ID: e.RequestID, RequestedAt: e.RequestedAt, ExpiresAt: e.ExpiresAt}
		s.Requests = append(slices.Clone(s.Requests), request)
		s.Requests = s.Requests[max(0, len(s.Requests)-maxRequests):]
	case EmailVerified:
		s.VerifiedAt = e.VerifiedAt
		if s.Status == PendingVerification {
			s.Status = Active
		}
		s.Requests = slices.Clone(s.Requests)
		for i := range s.Requests {
			s.Requests[i].Used = s.Requests[i].Used || s.Requests[i].ID == e.RequestID
		}
	case RegistrationAborted:
		s.Aborted = true
	}
	return s
}
