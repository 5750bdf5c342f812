package account_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/estest"
)

var (
	active = with(account.Active)
	wished = account.EmailChangeRequested{
		UserID: user, RequestID: request, NewEmail: domain.NewPersonal("ann@example.net"), NewEmailClaim: "c2a2",
		ExpiresAt: noon.Add(24 * time.Hour), RequestedAt: noon,
	}
	changed = account.EmailChanged{
		UserID: user, RequestID: request, Email: wished.NewEmail, EmailClaim: "c2a2",
		PreviousEmail: created.Email, PreviousEmailClaim: "c1a1", ChangedAt: noon.Add(time.Hour),
	}
	givenUp     = account.EmailChangeAborted{UserID: user, EmailClaim: "c2a2", Reason: "too slow", At: noon.Add(time.Hour)}
	newPassword = account.PasswordChanged{
		UserID: user, CredentialID: domain.ID{8}, PasswordHash: domain.NewSecret("$new$"), PreviousCredentialID: domain.ID{9}, ChangedAt: noon,
	}
	deactivated = account.AccountDeactivated{UserID: user, Reason: "left", At: noon}
	reactivated = account.AccountReactivated{UserID: user, At: noon}
	erasing     = account.AccountErasureRequested{UserID: user, ErasureID: domain.ID{7}, Reason: "wish", At: noon}
	erased      = account.AccountErased{UserID: user, ErasureID: domain.ID{7}, At: noon}
)

// wishedAs is the wish for the other address under another id, so long after noon.
func wishedAs(id domain.ID, after time.Duration) account.EmailChangeRequested {
	again := wished
	again.RequestID, again.RequestedAt, again.ExpiresAt = id, noon.Add(after), noon.Add(after+24*time.Hour)
	return again
}

func TestRequestEmailChange(t *testing.T) {
	at := func(id domain.ID, after time.Duration) account.RequestEmailChange {
		return account.RequestEmailChange{
			UserID: user, Proven: created.CredentialID, RequestID: id, NewEmail: wished.NewEmail, NewEmailClaim: "c2a2",
			ExpiresAt: noon.Add(after + 24*time.Hour), Now: noon.Add(after),
		}
	}
	own := at(request, 0)
	own.NewEmailClaim = "c1a1"
	estest.Run(t, account.Events, map[string]Case{
		"asks the owner of the other address": {Given: []Event{active}, When: at(request, 0), Then: []Event{wished}},
		"asks again after a minute": {
			Given: []Event{active, wished}, When: at(second, time.Minute), Then: []Event{wishedAs(second, time.Minute)},
		},
		"asks once a minute":                      {Given: []Event{active, wished}, When: at(second, time.Minute-1)},
		"asks nothing about the address it has":   {Given: []Event{active}, When: own},
		"refuses a password that was changed":     {Given: []Event{active, newPassword}, When: at(request, 0), Err: account.ErrInvalidCredentials},
		"refuses an inactive account":             {Given: []Event{active, deactivated}, When: at(request, 0), Err: account.ErrInactive},
		"refuses an account that is being erased": {Given: []Event{active, erasing}, When: at(request, 0), Err: account.ErrInactive},
		"knows no erased account":                 {Given: []Event{active, erasing, erased}, When: at(request, 0), Err: account.ErrNotFound},
		"knows the account":                       {When: at(request, 0), Err: account.ErrNotFound},
	})
}

func TestConfirmEmailChange(t *testing.T) {
	at := func(id domain.ID, after time.Duration) account.ConfirmEmailChange {
		return account.ConfirmEmailChange{UserID: user, RequestID: id, Now: noon.Add(after)}
	}
	pending := account.EmailChanged{
		UserID: user, RequestID: request, Email: wished.NewEmail, EmailClaim: "c2a2",
		PreviousEmail: created.Email, PreviousEmailClaim: "c1a1", ChangedAt: noon.Add(time.Hour),
	}
	estest.Run(t, account.Events, map[string]Case{
		"gives the account the other address":          {Given: []Event{active, wished}, When: at(request, time.Hour), Then: []Event{changed}},
		"proves the address of a new account by it":    {Given: []Event{created, requested, wished}, When: at(request, time.Hour), Then: []Event{pending}},
		"takes an earlier token after another was out": {Given: []Event{active, wished, wishedAs(second, time.Minute)}, When: at(request, time.Hour), Then: []Event{changed}},
		"refuses an expired token":                     {Given: []Event{active, wished}, When: at(request, 24*time.Hour), Err: account.ErrTokenExpired},
		"refuses a used token":                         {Given: []Event{active, wished, changed}, When: at(request, 2*time.Hour), Err: account.ErrTokenUsed},
		"refuses every other token once one was used":  {Given: []Event{active, wished, wishedAs(second, time.Minute), changed}, When: at(second, 2*time.Hour), Err: account.ErrTokenUsed},
		"refuses a token after the password changed":   {Given: []Event{active, wished, newPassword}, When: at(request, time.Hour), Err: account.ErrTokenUsed},
		"refuses a token of a deactivated account":     {Given: []Event{active, wished, deactivated}, When: at(request, time.Hour), Err: account.ErrTokenUsed},
		"and after the account was reactivated":        {Given: []Event{active, wished, deactivated, reactivated}, When: at(request, time.Hour), Err: account.ErrTokenUsed},
		"refuses a token of an erased account":         {Given: []Event{active, wished, erasing}, When: at(request, time.Hour), Err: account.ErrTokenUsed},
		"never completes after it was given up":        {Given: []Event{active, wished, givenUp}, When: at(request, time.Hour), Err: account.ErrTokenUsed},
		"refuses a token that was not asked for":       {Given: []Event{active, wished}, When: at(second, time.Hour), Err: account.ErrTokenInvalid},
		"refuses a verification token":                 {Given: []Event{created, requested}, When: at(request, time.Hour), Err: account.ErrTokenInvalid},
		"refuses a token for no account":               {When: at(request, time.Hour), Err: account.ErrTokenInvalid},
	})
}

func TestAnEmailChangeVoidsTheTokensThatAreOut(t *testing.T) {
	reset := account.PasswordResetRequested{UserID: user, RequestID: second, ExpiresAt: noon.Add(time.Hour), RequestedAt: noon}
	estest.Run(t, account.Events, map[string]Case{
		"of a password": {
			Given: []Event{active, reset, wished, changed}, Err: account.ErrTokenUsed,
			When: account.ResetPassword{UserID: user, RequestID: second, CredentialID: domain.ID{8}, Now: noon},
		},
		"of the first address": {
			Given: []Event{created, requested, wished, changed}, Err: account.ErrTokenUsed,
			When: account.VerifyEmail{UserID: user, RequestID: request, Now: noon},
		},
	})
}

func TestAbortEmailChange(t *testing.T) {
	command := account.AbortEmailChange{UserID: user, EmailClaim: "c2a2", Reason: "too slow", Now: noon.Add(time.Hour)}
	estest.Run(t, account.Events, map[string]Case{
		"leaves the address that the account has":    {Given: []Event{active, wished, changed}, When: command},
		"leaves an account that is erased":           {Given: []Event{active, wished, erasing}, When: command},
		"has nothing to give up without an account":  {When: command},
		"leaves changes to other addresses as is":    {Given: []Event{active, wished, givenUp, otherWish}, When: account.ConfirmEmailChange{UserID: user, RequestID: second, Now: noon}, Then: []Event{otherChange}},
		"does not keep the address from being asked": {Given: []Event{active, wished, givenUp}, When: wish(second, time.Hour), Then: []Event{wishedAs(second, time.Hour)}},
	})
}

// Not among the rules above, since it gives up each time: a change that is decided at the same moment must meet it.
func TestAbortEmailChangeEachTime(t *testing.T) {
	command := account.AbortEmailChange{UserID: user, EmailClaim: "c2a2", Reason: "too slow", Now: noon.Add(time.Hour)}
	for name, given := range map[string][]Event{
		"a change":  {active, wished},
		"no change": {active},
		"again":     {active, wished, givenUp},
	} {
		t.Run(name, func(t *testing.T) {
			var state account.State
			for _, event := range given {
				state = state.Evolve(event)
			}
			events, err := command.Decide(state)
			if diff := estest.Diff([]Event{givenUp}, events); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

var (
	otherWish = account.EmailChangeRequested{
		UserID: user, RequestID: second, NewEmail: domain.NewPersonal("ann@example.com"), NewEmailClaim: "c3a3",
		ExpiresAt: noon.Add(24 * time.Hour), RequestedAt: noon,
	}
	otherChange = account.EmailChanged{
		UserID: user, RequestID: second, Email: otherWish.NewEmail, EmailClaim: "c3a3",
		PreviousEmail: created.Email, PreviousEmailClaim: "c1a1", ChangedAt: noon,
	}
)

func wish(id domain.ID, after time.Duration) account.RequestEmailChange {
	return account.RequestEmailChange{
		UserID: user, Proven: created.CredentialID, RequestID: id, NewEmail: wished.NewEmail, NewEmailClaim: "c2a2",
		ExpiresAt: noon.Add(after + 24*time.Hour), Now: noon.Add(after),
	}
}

// Two changes to one address may be on their way; what was claimed for it is needed by neither after the account has it.
func TestUses(t *testing.T) {
	for name, c := range map[string]struct {
		given []Event
		claim string
		want  bool
	}{
		"the claim of the address":           {[]Event{active}, "c1a1", true},
		"not one that is only wished for":    {[]Event{active, wished}, "c2a2", false},
		"the claim of the new address":       {[]Event{active, wished, changed}, "c2a2", true},
		"not that of the old one":            {[]Event{active, wished, changed}, "c1a1", false},
		"none once it is being erased":       {[]Event{active, erasing}, "c1a1", false},
		"none of a sign-up that was aborted": {[]Event{aborted}, "", false},
		"none of no account":                 {nil, "", false},
		"also while it is closed":            {[]Event{active, deactivated}, "c1a1", true},
	} {
		t.Run(name, func(t *testing.T) {
			var state account.State
			for _, event := range c.given {
				state = state.Evolve(event)
			}
			if got := state.Uses(c.claim); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
