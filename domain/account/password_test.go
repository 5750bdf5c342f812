package account_test

import (
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/estest"
)

var (
	open    = with(account.Active)
	oldCred = created.CredentialID
	newCred = domain.ID{10}
	newHash = domain.NewSecret("$argon2id$new")
	mine    = domain.ID{20} // a session
	another = domain.ID{21}

	shut        = account.AccountDeactivated{UserID: user, At: noon}
	reopened    = account.AccountReactivated{UserID: user, At: noon}
	leaving     = account.AccountErasureRequested{UserID: user, ErasureID: domain.ID{30}, At: noon}
	gone        = account.AccountErased{UserID: user, ErasureID: domain.ID{30}, At: noon}
	everyoneOut = account.SessionsEnded{UserID: user, At: noon}
)

// forgot returns a request for a new password made so long after noon.
func forgot(id domain.ID, after time.Duration) account.PasswordResetRequested {
	return account.PasswordResetRequested{
		UserID: user, RequestID: id, RequestedAt: noon.Add(after), ExpiresAt: noon.Add(after + time.Hour),
	}
}

// replaced is another password, by a token or by the old one.
func replaced(request, kept domain.ID, after time.Duration) account.PasswordChanged {
	return account.PasswordChanged{
		UserID: user, CredentialID: newCred, PasswordHash: newHash, PreviousCredentialID: oldCred,
		RequestID: request, KeptSession: kept, ChangedAt: noon.Add(after),
	}
}

func TestRequestPasswordReset(t *testing.T) {
	at := func(after time.Duration) account.RequestPasswordReset {
		return account.RequestPasswordReset{UserID: user, RequestID: second, Now: noon.Add(after), ExpiresAt: noon.Add(after + time.Hour)}
	}
	estest.Run(t, account.Events, map[string]Case{
		"sends a mail":                          {Given: []Event{open}, When: at(0), Then: []Event{forgot(second, 0)}},
		"sends one to an unproven address, too": {Given: []Event{created, requested}, When: at(0), Then: []Event{forgot(second, 0)}},
		"sends another after a minute": {
			Given: []Event{open, forgot(request, 0)}, When: at(time.Minute), Then: []Event{forgot(second, time.Minute)},
		},
		"sends one a minute": {Given: []Event{open, forgot(request, 0)}, When: at(time.Minute - 1)},
		"does not wait for a clock that was set back": {
			Given: []Event{open, forgot(request, 0)}, When: at(-time.Hour), Then: []Event{forgot(second, -time.Hour)},
		},
		"sends nothing for a closed account": {Given: []Event{open, shut}, When: at(0)},
		"sends nothing to who is erased":     {Given: []Event{open, leaving, gone}, When: at(0)},
		"knows the account":                  {When: at(0), Err: account.ErrNotFound},
	})
}

func TestResetPassword(t *testing.T) {
	by := func(id domain.ID, after time.Duration) account.ResetPassword {
		return account.ResetPassword{UserID: user, RequestID: id, CredentialID: newCred, PasswordHash: newHash, Now: noon.Add(after)}
	}
	moved := account.EmailChanged{UserID: user, RequestID: domain.ID{40}, Email: domain.NewPersonal("b@example.org"), EmailClaim: "b0b", ChangedAt: noon}
	estest.Run(t, account.Events, map[string]Case{
		"sets the password and ends every session": {
			Given: []Event{open, forgot(request, 0)}, When: by(request, time.Minute),
			Then: []Event{replaced(request, domain.ID{}, time.Minute)},
		},
		"takes an earlier token after another was sent": {
			Given: []Event{open, forgot(request, 0), forgot(second, time.Minute)}, When: by(request, 2*time.Minute),
			Then: []Event{replaced(request, domain.ID{}, 2*time.Minute)},
		},
		"takes a token until the moment it expires": {
			Given: []Event{open, forgot(request, 0)}, When: by(request, time.Hour-1),
			Then: []Event{replaced(request, domain.ID{}, time.Hour-1)},
		},
		"refuses an expired token": {Given: []Event{open, forgot(request, 0)}, When: by(request, time.Hour), Err: account.ErrTokenExpired},
		"refuses a used token": {
			Given: []Event{open, forgot(request, 0), replaced(request, domain.ID{}, 0)}, When: by(request, time.Minute), Err: account.ErrTokenUsed,
		},
		"one token voids the others": {
			Given: []Event{open, forgot(request, 0), forgot(second, time.Minute), replaced(request, domain.ID{}, 0)},
			When:  by(second, time.Minute), Err: account.ErrTokenUsed,
		},
		"a change by the old password voids it": {
			Given: []Event{open, forgot(request, 0), replaced(domain.ID{}, mine, 0)}, When: by(request, time.Minute), Err: account.ErrTokenUsed,
		},
		"another address voids it": {
			Given: []Event{open, forgot(request, 0), moved}, When: by(request, time.Minute), Err: account.ErrTokenUsed,
		},
		"closing the account voids it": {
			Given: []Event{open, forgot(request, 0), shut, reopened}, When: by(request, time.Minute), Err: account.ErrTokenUsed,
		},
		"the end of the account voids it": {
			Given: []Event{open, forgot(request, 0), leaving}, When: by(request, time.Minute), Err: account.ErrTokenUsed,
		},
		"a token that proves an address is none": {
			Given: []Event{created, requested}, When: by(request, time.Minute), Err: account.ErrTokenInvalid,
		},
		"refuses a token that was not asked for": {Given: []Event{open}, When: by(request, 0), Err: account.ErrTokenInvalid},
		"refuses a token for no account":         {When: by(request, 0), Err: account.ErrTokenInvalid},
	})
}

func TestAResetProvesNoAddressAndOpensNoAccount(t *testing.T) {
	for name, given := range map[string]struct {
		events []Event
		want   account.Status
	}{
		"not verified": {[]Event{created, requested, forgot(second, 0), replaced(second, domain.ID{}, 0)}, account.PendingVerification},
		"deactivated":  {[]Event{open, forgot(second, 0), replaced(second, domain.ID{}, 0), shut}, account.Inactive},
	} {
		t.Run(name, func(t *testing.T) {
			var state account.State
			for _, event := range given.events {
				state = state.Evolve(event)
			}
			if state.Status != given.want || !state.VerifiedAt.IsZero() {
				t.Errorf("status %s, verified at %v", state.Status, state.VerifiedAt)
			}
		})
	}
}

func TestChangePassword(t *testing.T) {
	proving := func(credential domain.ID, epoch int64) account.ChangePassword {
		return account.ChangePassword{
			UserID: user, Proven: credential, CredentialID: newCred, PasswordHash: newHash, KeptSession: mine, KeptEpoch: epoch, Now: noon,
		}
	}
	noMore := replaced(domain.ID{}, domain.ID{}, 0)
	estest.Run(t, account.Events, map[string]Case{
		"sets the password and ends every other session": {
			Given: []Event{open}, When: proving(oldCred, 0), Then: []Event{replaced(domain.ID{}, mine, 0)},
		},
		"keeps a session that was kept before": {
			Given: []Event{open, account.SessionsEnded{UserID: user, KeptSession: mine, At: noon}}, When: proving(oldCred, 0),
			Then: []Event{replaced(domain.ID{}, mine, 0)},
		},
		"does not revive a session that ended meanwhile": {
			Given: []Event{open, everyoneOut}, When: proving(oldCred, 0), Then: []Event{noMore},
		},
		"does not revive a session that another one ended": {
			Given: []Event{open, account.SessionsEnded{UserID: user, KeptSession: another, At: noon}}, When: proving(oldCred, 0),
			Then: []Event{noMore},
		},
		"keeps a session that began after all others ended": {
			Given: []Event{open, everyoneOut}, When: proving(oldCred, 1), Then: []Event{replaced(domain.ID{}, mine, 0)},
		},
		"does not take a password that was changed meanwhile": {
			Given: []Event{open, replaced(domain.ID{}, mine, 0)}, When: proving(oldCred, 0), Err: account.ErrInvalidCredentials,
		},
		"changes nothing of a closed account": {Given: []Event{open, shut}, When: proving(oldCred, 0), Err: account.ErrInactive},
		"knows the account":                   {When: proving(oldCred, 0), Err: account.ErrNotFound},
		"knows no erased account":             {Given: []Event{open, leaving, gone}, When: proving(oldCred, 0), Err: account.ErrNotFound},
	})
}

func TestRehashPassword(t *testing.T) {
	command := account.RehashPassword{UserID: user, Proven: oldCred, CredentialID: newCred, PasswordHash: newHash, Now: noon}
	rehashed := account.PasswordRehashed{
		UserID: user, CredentialID: newCred, PasswordHash: newHash, PreviousCredentialID: oldCred, At: noon,
	}
	estest.Run(t, account.Events, map[string]Case{
		"replaces the hash":                        {Given: []Event{open}, When: command, Then: []Event{rehashed}},
		"replaces it once":                         {Given: []Event{open, rehashed}, When: command},
		"leaves a password alone that was changed": {Given: []Event{open, replaced(domain.ID{}, mine, 0)}, When: command},
		"has nothing to do without an account":     {When: command},
		"has nothing to do once it is erased":      {Given: []Event{open, leaving, gone}, When: command},
	})
	before := account.State{}.Evolve(open).Evolve(forgot(request, 0))
	after := before.Evolve(rehashed)
	if after.SessionEpoch != before.SessionEpoch || after.Resets[0].Used {
		t.Error("the same password, hashed again, ended sessions or tokens")
	}
}

// Whether there are sessions is not known to the account, so ending them is decided each time.
func TestEndSessions(t *testing.T) {
	ended := func(kept domain.ID) account.SessionsEnded {
		return account.SessionsEnded{UserID: user, KeptSession: kept, At: noon}
	}
	for name, c := range map[string]struct {
		given []Event
		kept  domain.ID
		want  account.SessionsEnded
	}{
		"ends all":                     {[]Event{open}, domain.ID{}, ended(domain.ID{})},
		"ends all but one":             {[]Event{open}, mine, ended(mine)},
		"ends those that began since":  {[]Event{open, ended(mine)}, mine, ended(mine)},
		"does not revive an ended one": {[]Event{open, everyoneOut}, mine, ended(domain.ID{})},
	} {
		t.Run(name, func(t *testing.T) {
			var state account.State
			for _, event := range c.given {
				state = state.Evolve(event)
			}
			got, err := account.EndSessions{UserID: user, KeptSession: c.kept, Now: noon}.Decide(state)
			if err != nil {
				t.Fatal(err)
			}
			if diff := estest.Diff([]Event{c.want}, got); diff != "" {
				t.Error(diff)
			}
			if after := state.Evolve(got[0]); after.SessionEpoch != state.SessionEpoch+1 {
				t.Error("the count of endings stayed the same")
			}
		})
	}
	estest.Run(t, account.Events, map[string]Case{
		"leaves the tokens alone": {
			Given: []Event{created, requested, everyoneOut},
			When:  account.VerifyEmail{UserID: user, RequestID: request, Now: noon.Add(time.Hour)}, Then: []Event{verified},
		},
		"knows the account": {When: account.EndSessions{UserID: user, Now: noon}, Err: account.ErrNotFound},
		"knows no erased account": {
			Given: []Event{open, leaving, gone}, When: account.EndSessions{UserID: user, Now: noon}, Err: account.ErrNotFound,
		},
	})
}

func TestNoteSignUp(t *testing.T) {
	at := func(after time.Duration) account.NoteSignUp {
		return account.NoteSignUp{UserID: user, Now: noon.Add(after)}
	}
	noted := func(after time.Duration) account.SignUpRepeated {
		return account.SignUpRepeated{UserID: user, At: noon.Add(after)}
	}
	estest.Run(t, account.Events, map[string]Case{
		"tells the owner":             {Given: []Event{open}, When: at(0), Then: []Event{noted(0)}},
		"tells who is to be verified": {Given: []Event{created, requested}, When: at(0), Then: []Event{noted(0)}},
		"tells once an hour":          {Given: []Event{open, noted(0)}, When: at(time.Hour - 1)},
		"tells again after an hour":   {Given: []Event{open, noted(0)}, When: at(time.Hour), Then: []Event{noted(time.Hour)}},
		"does not wait for a clock that was set back": {
			Given: []Event{open, noted(0)}, When: at(-time.Hour), Then: []Event{noted(-time.Hour)},
		},
		"tells nobody whose account is closed": {Given: []Event{open, shut}, When: at(0)},
		"tells nobody who is erased":           {Given: []Event{open, leaving, gone}, When: at(0)},
		"tells nobody without an account":      {When: at(0)},
	})
}
