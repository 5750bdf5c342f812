package account

import (
	"time"

	"am-user-management/domain"
)

// Import opens an account that somebody had elsewhere, with the password hash from there. The claim on the address is
// made before, the hash is judged before.
type Import struct {
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

	// Status says at once whether the address was proven elsewhere: PendingVerification if it was not.
	Status Status
	// CreatedAt is when the account was opened elsewhere; zero is now.
	CreatedAt time.Time

	// ValidZone looks a time zone up; nil leaves it at the shape of the name.
	ValidZone func(name string) bool
	Now       time.Time
}

// Stream is the account's.
func (c Import) Stream() string { return StreamOf(c.UserID) }

// earliest is before any computer had users.
var earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)

// Faults says what is wrong with what is known of the user. It needs no state, so that it can be asked before the
// address is claimed.
func (c Import) Faults() domain.Faults {
	faults := Register{FirstName: c.FirstName, LastName: c.LastName, Timezone: c.Timezone, Locale: c.Locale, ValidZone: c.ValidZone}.Faults()
	if c.CreatedAt.After(c.Now) {
		faults.Add("created_at", "must not be in the future")
	}
	if !c.CreatedAt.IsZero() && c.CreatedAt.Before(earliest) {
		faults.Add("created_at", "must not be before 1970")
	}
	switch c.Status {
	case Active, Inactive, PendingVerification:
	default:
		faults.Add("status", "must be ACTIVE, INACTIVE or PENDING_VERIFICATION")
	}
	return faults
}

// Decide opens the account. Nobody is asked to prove anything: whoever has to may ask for a mail.
//
//	GIVEN no account
//	THEN  UserCreated
//	ERROR ErrInvalid with fields; ErrAlreadyExists; ErrRegistrationExpired after RegistrationAborted
//	IDEMPOTENCY by the command's id, outside: a second import under one id is ErrAlreadyExists
func (c Import) Decide(s State) ([]Event, error) {
	if err := c.Faults().Err(); err != nil {
		return nil, err
	}
	if err := s.unopened(); err != nil {
		return nil, err
	}
	created := UserCreated{
		UserID: c.UserID, Email: c.Email, Phone: c.Phone, FirstName: c.FirstName, LastName: c.LastName,
		Timezone: c.Timezone, Locale: c.Locale, EmailClaim: c.EmailClaim,
		Status: c.Status, CredentialID: c.CredentialID, PasswordHash: c.PasswordHash, CreatedAt: c.CreatedAt, Imported: true,
	}
	if c.CreatedAt.IsZero() {
		created.CreatedAt = c.Now
	}
	return []Event{created}, nil
}
