package account_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/estest"
)

func TestRequestVerification(t *testing.T) {
	at := func(after time.Duration) account.RequestVerification {
		return account.RequestVerification{
			UserID: user, RequestID: second, Now: noon.Add(after), ExpiresAt: noon.Add(after + 24*time.Hour),
		}
	}
	estest.Run(t, account.Events, map[string]Case{
		"sends another mail": {
			Given: []Event{created, requested}, When: at(time.Minute), Then: []Event{asked(second, time.Minute)},
		},
		"sends one mail a minute": {Given: []Event{created, requested}, When: at(time.Minute - 1)},
		"does not wait for a clock that was set back": {
			Given: []Event{created, requested}, When: at(-48 * time.Hour), Then: []Event{asked(second, -48*time.Hour)},
		},
		"sends nothing once the address is proven": {
			Given: []Event{created, requested, verified}, When: at(2 * time.Hour),
		},
		"sends nothing to an active account":   {Given: []Event{with(account.Active)}, When: at(time.Hour)},
		"sends nothing to an inactive account": {Given: []Event{with(account.Inactive)}, When: at(time.Hour)},
		"knows the account":                    {When: at(0), Err: account.ErrNotFound},
		"knows no aborted account":             {Given: []Event{aborted}, When: at(0), Err: account.ErrNotFound},
	})
}

func TestVerifyEmail(t *testing.T) {
	at := func(id domain.ID, after time.Duration) account.VerifyEmail {
		return account.VerifyEmail{UserID: user, RequestID: id, Now: noon.Add(after)}
	}
	var eleven []Event
	for i := range 11 {
		eleven = append(eleven, asked(domain.ID{15: byte(i + 1)}, time.Duration(i)*time.Hour))
	}
	crowded := append([]Event{created}, eleven...)

	estest.Run(t, account.Events, map[string]Case{
		"proves the address": {
			Given: []Event{created, requested}, When: at(request, time.Hour), Then: []Event{verified},
		},
		"takes an earlier token after another was sent": {
			Given: []Event{created, requested, asked(second, time.Minute)}, When: at(request, time.Hour),
			Then: []Event{verified},
		},
		"proves the address of an inactive account": {
			Given: []Event{with(account.Inactive), requested}, When: at(request, time.Hour), Then: []Event{verified},
		},
		"takes a token until the moment it expires": {
			Given: []Event{created, requested}, When: at(request, 24*time.Hour-1),
			Then: []Event{account.EmailVerified{UserID: user, RequestID: request, VerifiedAt: noon.Add(24*time.Hour - 1)}},
		},
		"refuses an expired token": {
			Given: []Event{created, requested}, When: at(request, 24*time.Hour), Err: account.ErrTokenExpired,
		},
		"refuses a used token": {
			Given: []Event{created, requested, verified}, When: at(request, 2*time.Hour), Err: account.ErrTokenUsed,
		},
		"calls a used token used, even expired": {
			Given: []Event{created, requested, verified}, When: at(request, 48*time.Hour), Err: account.ErrTokenUsed,
		},
		"has nothing to prove twice": {
			Given: []Event{created, requested, asked(second, time.Minute), verified}, When: at(second, 2*time.Hour),
		},
		"refuses a token that was not asked for": {
			Given: []Event{created, requested}, When: at(second, time.Hour), Err: account.ErrTokenInvalid,
		},
		"refuses a token for no account": {When: at(request, time.Hour), Err: account.ErrTokenInvalid},
		"forgets the eleventh token": {
			Given: crowded, When: at(domain.ID{15: 1}, 11*time.Hour), Err: account.ErrTokenInvalid,
		},
		"remembers ten tokens": {
			Given: crowded, When: at(domain.ID{15: 2}, 11*time.Hour),
			Then: []Event{account.EmailVerified{UserID: user, RequestID: domain.ID{15: 2}, VerifiedAt: noon.Add(11 * time.Hour)}},
		},
	})
}
