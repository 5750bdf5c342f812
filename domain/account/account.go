// Package account holds the rules of an account: opening one, proving its address, and what stands between the right
// password and a session. It imports domain and the standard library only.
package account

import (
	"slices"
	"time"

	"am-user-management/domain"
)

// maxRequests is how many requests of one sort an account remembers. The oldest is forgotten first and its
// token is invalid then.
const maxRequests = 10

// requestPause is how long after one mail no other is sent.
const requestPause = time.Minute

// noticePause is how long after one notice about a repeated sign-up no other is sent.
const noticePause = time.Hour

// maxReason is the most code points of a reason.
const maxReason = 500

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
	ErrIDUsed = &domain.Error{
		Kind: domain.Conflict, Code: "account.id-used", Title: "This id was used before; ids are never used again.",
	}
	ErrAlreadyErasing = &domain.Error{
		Kind: domain.Conflict, Code: "account.erasure-requested", Title: "The account is being erased.",
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
	// Requests are the newest requests to verify the address, oldest first; Resets those for a new password, Changes
	// those for another address.
	Requests []Request
	Resets   []Request
	Changes  []Change
	// SessionEpoch counts how often all sessions ended at once: one that was started under a lower count is over,
	// unless it is the KeptSession.
	SessionEpoch int64
	KeptSession  domain.ID
	// LockedUntil is the end of the newest lock, zero if there is none.
	LockedUntil time.Time
	// NoticedAt is when the owner was last told that somebody signed up with their address.
	NoticedAt time.Time
	// ErasureID is not zero once the erasure was requested, and Erased tells that it is over.
	ErasureID          domain.ID
	ErasureRequestedAt time.Time
	Erased             bool
	ErasedAt           time.Time
	// Aborted tells that no account can be opened under this id any more.
	Aborted bool
	// Resumes is the status that a reactivation leads to.
	Resumes Status
}

// Request is one request whose token went out by mail.
type Request struct {
	ID          domain.ID
	RequestedAt time.Time
	ExpiresAt   time.Time
	Used        bool
}

// Change is a request for another address.
type Change struct {
	Request
	Email domain.Personal
	Claim string
}

// Exists reports whether the account was opened.
func (s State) Exists() bool { return !s.UserID.IsZero() }

// Uses reports whether the claim on an address is the one that the account needs: that of its address, until it is being
// erased.
func (s State) Uses(claim string) bool {
	return s.Exists() && s.ErasureID.IsZero() && s.EmailClaim == claim
}

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
		s.Status, s.Resumes, s.CreatedAt = e.Status, Active, e.CreatedAt
		s.CredentialID, s.PasswordHash = e.CredentialID, e.PasswordHash
	case EmailVerificationRequested:
		s.Requests = remember(s.Requests, Request{ID: e.RequestID, RequestedAt: e.RequestedAt, ExpiresAt: e.ExpiresAt})
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
	case PasswordResetRequested:
		s.Resets = remember(s.Resets, Request{ID: e.RequestID, RequestedAt: e.RequestedAt, ExpiresAt: e.ExpiresAt})
	case PasswordChanged:
		s.CredentialID, s.PasswordHash = e.CredentialID, e.PasswordHash
		s = s.endSessions(e.KeptSession).endTokens()
	case PasswordRehashed:
		s.CredentialID, s.PasswordHash = e.CredentialID, e.PasswordHash
	case EmailChangeRequested:
		s.Changes = remember(s.Changes, Change{
			Request: Request{ID: e.RequestID, RequestedAt: e.RequestedAt, ExpiresAt: e.ExpiresAt}, Email: e.NewEmail, Claim: e.NewEmailClaim,
		})
	case EmailChanged:
		s.Email, s.EmailClaim, s.VerifiedAt = e.Email, e.EmailClaim, e.ChangedAt
		if s.Status == PendingVerification {
			s.Status = Active
		}
		s = s.endTokens()
	case EmailChangeAborted:
		s.Changes = slices.Clone(s.Changes)
		for i := range s.Changes {
			s.Changes[i].Used = s.Changes[i].Used || s.Changes[i].Claim == e.EmailClaim
		}
	case AccountDeactivated:
		s.Resumes, s.Status = s.Status, Inactive
		s = s.endSessions(domain.ID{}).endTokens()
	case AccountReactivated:
		s.Status = s.Resumes
	case AccountLocked:
		s.LockedUntil = e.Until
	case AccountUnlocked:
		s.LockedUntil = time.Time{}
	case SessionsEnded:
		s = s.endSessions(e.KeptSession)
	case SignUpRepeated:
		s.NoticedAt = e.At
	case AccountErasureRequested:
		s.ErasureID, s.ErasureRequestedAt, s.Status = e.ErasureID, e.At, Inactive
		s = s.endSessions(domain.ID{}).endTokens()
	case AccountErased:
		s.Erased, s.ErasedAt = true, e.At
		s.Email, s.Phone = domain.ErasedPersonal(), domain.ErasedPersonal()
		s.PasswordHash = domain.ErasedSecret()
	}
	return s
}

// remember appends a request, and forgets the oldest when there are too many.
func remember[R any](requests []R, request R) []R {
	requests = append(slices.Clone(requests), request)
	return requests[max(0, len(requests)-maxRequests):]
}

// endSessions ends all sessions but one.
func (s State) endSessions(kept domain.ID) State {
	s.SessionEpoch++
	s.KeptSession = kept
	return s
}

// endTokens makes every token that is out a used one.
func (s State) endTokens() State {
	s.Requests, s.Resets, s.Changes = slices.Clone(s.Requests), slices.Clone(s.Resets), slices.Clone(s.Changes)
	for i := range s.Requests {
		s.Requests[i].Used = true
	}
	for i := range s.Resets {
		s.Resets[i].Used = true
	}
	for i := range s.Changes {
		s.Changes[i].Used = true
	}
	return s
}

// tooSoon reports whether a mail was asked for within the last minute. It does not hold for a request from the future:
// after the clock was set back, users must not wait until it catches up.
func tooSoon(requests []Request, now time.Time) bool {
	if len(requests) == 0 {
		return false
	}
	age := now.Sub(requests[len(requests)-1].RequestedAt)
	return 0 <= age && age < requestPause
}

// redeemable judges the token of a request.
func redeemable(request Request, now time.Time) error {
	switch {
	case request.Used:
		return ErrTokenUsed
	case !now.Before(request.ExpiresAt):
		return ErrTokenExpired
	}
	return nil
}
