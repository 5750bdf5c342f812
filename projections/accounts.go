package projections

import (
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
)

// erased is the status of an account whose personal data is destroyed. Queries leave such rows out, too.
const erased account.Status = "ERASED"

// aborted is the status of a registration that never became an account. Queries leave such rows out.
const aborted account.Status = "ABORTED"

type accountRow struct {
	mark
	UserID       uuid
	Status       string
	Resumes      string // the status that a reactivation leads to
	Email        *string
	Phone        *string
	VerifiedAt   *time.Time
	CreatedAt    time.Time
	SessionEpoch int64
	KeptSession  *uuid
	LockedUntil  *time.Time
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
		plain("resumes", "text", func(r *accountRow) *string { return &r.Resumes }),
		plain("session_epoch", "bigint", func(r *accountRow) *int64 { return &r.SessionEpoch }),
		plain("kept_session", "uuid", func(r *accountRow) **uuid { return &r.KeptSession }),
		plain("locked_until", "timestamptz", func(r *accountRow) **time.Time { return &r.LockedUntil }),
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
	case account.PasswordResetRequested:
		return uuid(e.UserID), true
	case account.PasswordChanged:
		return uuid(e.UserID), true
	case account.PasswordRehashed:
		return uuid(e.UserID), true
	case account.EmailChangeRequested:
		return uuid(e.UserID), true
	case account.EmailChanged:
		return uuid(e.UserID), true
	case account.EmailChangeAborted:
		return uuid(e.UserID), true
	case account.AccountDeactivated:
		return uuid(e.UserID), true
	case account.AccountReactivated:
		return uuid(e.UserID), true
	case account.AccountLocked:
		return uuid(e.UserID), true
	case account.AccountUnlocked:
		return uuid(e.UserID), true
	case account.SessionsEnded:
		return uuid(e.UserID), true
	case account.SignUpRepeated:
		return uuid(e.UserID), true
	case account.AccountErasureRequested:
		return uuid(e.UserID), true
	case account.AccountErased:
		return uuid(e.UserID), true
	}
	return uuid{}, false
}

func foldAccount(r *accountRow, envelope *eventstore.Envelope) {
	switch e := envelope.Event.(type) {
	case account.UserCreated:
		r.UserID, r.Status, r.CreatedAt = uuid(e.UserID), string(e.Status), e.CreatedAt
		r.Email, r.Phone, r.Resumes = personal(e.Email), personal(e.Phone), string(account.Active)
	case account.EmailVerificationRequested, account.PasswordResetRequested, account.PasswordRehashed,
		account.EmailChangeRequested, account.EmailChangeAborted, account.SignUpRepeated:
		// Only the commands need to know: the row moves on to the event's revision and stays the same.
	case account.EmailVerified:
		r.VerifiedAt = &e.VerifiedAt
		if r.Status == string(account.PendingVerification) {
			r.Status = string(account.Active)
		}
	case account.RegistrationAborted:
		r.UserID, r.Status, r.CreatedAt = uuid(e.UserID), string(aborted), e.At
	case account.EmailChanged:
		r.Email, r.VerifiedAt = personal(e.Email), &e.ChangedAt
		if r.Status == string(account.PendingVerification) {
			r.Status = string(account.Active)
		}
	case account.PasswordChanged:
		r.endSessions(e.KeptSession)
	case account.SessionsEnded:
		r.endSessions(e.KeptSession)
	case account.AccountDeactivated:
		r.Resumes, r.Status = r.Status, string(account.Inactive)
		r.endSessions(domain.ID{})
	case account.AccountReactivated:
		r.Status = r.Resumes
	case account.AccountLocked:
		r.LockedUntil = &e.Until
	case account.AccountUnlocked:
		r.LockedUntil = nil
	case account.AccountErasureRequested:
		r.Status = string(account.Inactive)
		r.endSessions(domain.ID{})
	case account.AccountErased:
		r.Status, r.Email, r.Phone = string(erased), nil, nil
	}
}

// endSessions ends all sessions but one, as the account's own fold does.
func (r *accountRow) endSessions(kept domain.ID) {
	r.SessionEpoch++
	r.KeptSession = nil
	if !kept.IsZero() {
		r.KeptSession = (*uuid)(&kept)
	}
}
