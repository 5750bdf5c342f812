package account

import (
	"time"

	"am-user-management/domain"
)

// Register opens an account. The claim on the address is made before, the password is checked and hashed before.
type Register struct {
	UserID     domain.ID
	Email      domain.Personal
	EmailClaim string
	Phone      domain.Personal
	FirstName  domain.Personal
	LastName   domain.Personal
	Timezone   string
	Locale     string

	CredentialID domain.ID
	PasswordHash domain.Secret

	// Verify wants the address proven before the account is active, by a token made of RequestID. Vouched tells that
	// somebody answers for the address instead, and Closed that the account is inactive until somebody reactivates it.
	Verify          bool
	Vouched         bool
	Closed          bool
	RequestID       domain.ID
	VerifyExpiresAt time.Time

	// ValidZone looks a time zone up; nil leaves it at the shape of the name.
	ValidZone func(name string) bool
	Now       time.Time
}

// Stream is the account's.
func (c Register) Stream() string { return StreamOf(c.UserID) }

// Faults says what is wrong with what the user gave. It needs no state, so that it can be asked before the address
// is claimed.
func (c Register) Faults() domain.Faults {
	var faults domain.Faults
	faults.Add("first_name", domain.NameFault(c.FirstName.Text()))
	faults.Add("last_name", domain.NameFault(c.LastName.Text()))
	faults.Add("timezone", domain.ZoneFault(c.Timezone, c.ValidZone))
	faults.Add("locale", domain.LocaleFault(c.Locale))
	return faults
}

// Decide opens the account.
//
//	GIVEN no account
//	WHEN  the address is to be verified
//	THEN  UserCreated, pending, and EmailVerificationRequested
//	WHEN  it is not
//	THEN  UserCreated, active
//	WHEN  somebody vouches for the address
//	THEN  UserCreated, active, and EmailVerified without a request
//	WHEN  it is to be closed
//	THEN  UserCreated, inactive
//	ERROR ErrInvalid with fields; ErrAlreadyExists; ErrRegistrationExpired after RegistrationAborted
//	IDEMPOTENCY by the command's id, outside: a second sign-up under one id is ErrAlreadyExists
func (c Register) Decide(s State) ([]Event, error) {
	if err := c.Faults().Err(); err != nil {
		return nil, err
	}
	if err := s.unopened(); err != nil {
		return nil, err
	}
	created := UserCreated{
		UserID: c.UserID, Email: c.Email, Phone: c.Phone, FirstName: c.FirstName, LastName: c.LastName,
		Timezone: c.Timezone, Locale: c.Locale, EmailClaim: c.EmailClaim,
		Status: Active, CredentialID: c.CredentialID, PasswordHash: c.PasswordHash, CreatedAt: c.Now,
	}
	switch {
	case c.Closed:
		created.Status = Inactive
	case c.Vouched:
		return []Event{created, EmailVerified{UserID: c.UserID, VerifiedAt: c.Now}}, nil
	case c.Verify:
		created.Status = PendingVerification
		return []Event{created, EmailVerificationRequested{
			UserID: c.UserID, RequestID: c.RequestID, ExpiresAt: c.VerifyExpiresAt, RequestedAt: c.Now,
		}}, nil
	}
	return []Event{created}, nil
}

// unopened reports, as an error, why no account can be opened under an id: it was given up, or there is one.
func (s State) unopened() error {
	switch {
	case s.Aborted:
		return ErrRegistrationExpired
	case s.Exists():
		return ErrAlreadyExists
	}
	return nil
}
