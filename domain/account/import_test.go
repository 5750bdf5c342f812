package account_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/estest"
)

func TestImport(t *testing.T) {
	command := account.Import{
		UserID: user, Email: created.Email, EmailClaim: created.EmailClaim, CredentialID: created.CredentialID,
		PasswordHash: created.PasswordHash, Status: account.Active, Now: noon,
	}
	imported := func(status account.Status) account.UserCreated {
		other := with(status)
		other.Imported = true
		return other
	}
	old, opened := command, imported(account.Active)
	old.CreatedAt = noon.AddDate(-3, 0, 0)
	opened.CreatedAt = old.CreatedAt
	pending := command
	pending.Status = account.PendingVerification
	faulty := command
	faulty.FirstName, faulty.Status, faulty.CreatedAt = domain.NewPersonal("a\x00"), "LOCKED", noon.Add(time.Second)
	ancient := command
	ancient.CreatedAt = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)

	estest.Run(t, account.Events, map[string]Case{
		"opens an account as it was elsewhere": {When: old, Then: []Event{opened}},
		"is from now if nobody knows":          {When: command, Then: []Event{imported(account.Active)}},
		"asks nobody to prove anything":        {When: pending, Then: []Event{imported(account.PendingVerification)}},
		"opens an id once":                     {Given: []Event{created}, When: command, Err: account.ErrAlreadyExists},
		"never opens an aborted id":            {Given: []Event{aborted}, When: command, Err: account.ErrRegistrationExpired},
		"names every faulty field": {
			When: faulty, Err: domain.ErrInvalid, Fields: []string{"first_name", "created_at", "status"},
		},
		"knows no account from before computers": {When: ancient, Err: domain.ErrInvalid, Fields: []string{"created_at"}},
	})
}
