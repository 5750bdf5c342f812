package projections

import (
	"time"

	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
)

// aborted is the status of a registration that never became an account. Queries leave such rows out.
const aborted account.Status = "ABORTED"

type accountRow struct {
	mark
	UserID     uuid
	Status     string
	Email      *string
	Phone      *string
	VerifiedAt *time.Time
	CreatedAt  time.Time
}

// newAccounts projects account streams: one row per account.
func newAccounts() *table[uuid, accountRow, *accountRow] {
	return byStream("accounts", types(account.Events), accountKey, foldAccount,
		plain("user_id", "uuid", func(r *accountRow) *uuid { return &r.UserID }),
		plain("status", "text", func(r *accountRow) *string { return &r.Status }),
		plain("email", "text", func(r *accountRow) **string { return &r.Email }),
		plain("phone", "text", func(r *accountRow) **string { return &r.Phone }),
		plain("verified_at", "timestamptz", func(r *accountRow) **time.Time { return &r.VerifiedAt }),
		plain("created_at", "timestamptz", func(r *accountRow) *time.Time { return &r.CreatedAt }),
	)
}

func accountKey(e *eventstore.Envelope) (uuid, bool) {
	switch e := e.Event.(type) {
	case account.UserCreated:
		return uuid(e.UserID), true
	case account.EmailVerificationRequested:
		return uuid(e.UserID), true
	case account.EmailVerified:
		return uuid(e.UserID), true
	case account.RegistrationAborted:
		return uuid(e.UserID), true
	}
	return uuid{}, false
}

func foldAccount(r *accountRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case account.UserCreated:
		r.UserID, r.Status, r.CreatedAt = uuid(e.UserID), string(e.Status), e.CreatedAt
		r.Email, r.Phone = personal(e.Email), personal(e.Phone)
	case account.EmailVerificationRequested:
		// Only the commands need to know: the row moves on to the event's revision and stays the same.
	case account.EmailVerified:
		r.VerifiedAt = &e.VerifiedAt
		if r.Status == string(account.PendingVerification) {
			r.Status = string(account.Active)
		}
	case account.RegistrationAborted:
		r.UserID, r.Status, r.CreatedAt = uuid(e.UserID), string(aborted), e.At
	}
}
