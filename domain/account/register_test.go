package account_test

import (
	"testing"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/estest"
)

func TestRegister(t *testing.T) {
	command := account.Register{
		UserID: user, Email: created.Email, EmailClaim: created.EmailClaim,
		CredentialID: created.CredentialID, PasswordHash: created.PasswordHash,
		Verify: true, RequestID: request, VerifyExpiresAt: requested.ExpiresAt, Now: noon,
	}
	unverified := command
	unverified.Verify = false

	detailed, opened := command, created
	detailed.Phone, opened.Phone = domain.NewPersonal("+4312345"), domain.NewPersonal("+4312345")
	detailed.FirstName, opened.FirstName = domain.NewPersonal("Ann"), domain.NewPersonal("Ann")
	detailed.LastName, opened.LastName = domain.NewPersonal("Ö."), domain.NewPersonal("Ö.")
	detailed.Timezone, opened.Timezone = "Europe/Vienna", "Europe/Vienna"
	detailed.Locale, opened.Locale = "de-AT", "de-AT"

	faulty := command
	faulty.FirstName, faulty.LastName = domain.NewPersonal("a\x00"), domain.NewPersonal("a\nb")
	faulty.Timezone, faulty.Locale = "Europe/Atlantis", "d"
	faulty.ValidZone = func(name string) bool { return name != "Europe/Atlantis" }

	estest.Run(t, account.Events, map[string]Case{
		"asks for a proof of the address": {When: command, Then: []Event{created, requested}},
		"is active at once where no proof is wanted": {
			When: unverified, Then: []Event{with(account.Active)},
		},
		"keeps what the user said":             {When: detailed, Then: []Event{opened, requested}},
		"opens an id once":                     {Given: []Event{created}, When: command, Err: account.ErrAlreadyExists},
		"never completes after it was aborted": {Given: []Event{aborted}, When: command, Err: account.ErrRegistrationExpired},
		"names every faulty field": {
			When: faulty, Err: domain.ErrInvalid, Fields: []string{"first_name", "last_name", "timezone", "locale"},
		},
	})
}

func TestAbortRegistration(t *testing.T) {
	command := account.AbortRegistration{UserID: user, Reason: "too slow", Now: noon}
	estest.Run(t, account.Events, map[string]Case{
		"closes an id that was never opened": {When: command, Then: []Event{aborted}},
		"leaves an account alone":            {Given: []Event{created}, When: command},
		"closes once":                        {Given: []Event{aborted}, When: command},
	})
}
