package account_test

import (
	"strings"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/estest"
)

func TestRegisterByAnAdministrator(t *testing.T) {
	command := account.Register{
		UserID: user, Email: created.Email, EmailClaim: created.EmailClaim,
		CredentialID: created.CredentialID, PasswordHash: created.PasswordHash,
		Verify: true, RequestID: request, VerifyExpiresAt: requested.ExpiresAt, Now: noon,
	}
	vouched, closed := command, command
	vouched.Vouched, closed.Closed = true, true
	estest.Run(t, account.Events, map[string]Case{
		"may answer for the address": {When: vouched, Then: []Event{active, account.EmailVerified{UserID: user, VerifiedAt: noon}}},
		"may leave it closed":        {When: closed, Then: []Event{with(account.Inactive)}},
		"and open it later": {
			Given: []Event{with(account.Inactive)}, When: account.Reactivate{UserID: user, Now: noon}, Then: []Event{reactivated},
		},
	})
}

func TestDeactivate(t *testing.T) {
	command := account.Deactivate{UserID: user, Reason: "left", Now: noon}
	long, odd := command, command
	long.Reason, odd.Reason = strings.Repeat("x", 501), "a\x00"
	estest.Run(t, account.Events, map[string]Case{
		"closes an account":                      {Given: []Event{active}, When: command, Then: []Event{deactivated}},
		"closes one whose address is not proven": {Given: []Event{created}, When: command, Then: []Event{deactivated}},
		"closes it once":                         {Given: []Event{active, deactivated}, When: command},
		"again after it was opened":              {Given: []Event{active, deactivated, reactivated}, When: command, Then: []Event{deactivated}},
		"leaves one that is being erased":        {Given: []Event{active, erasing}, When: command},
		"knows no erased account":                {Given: []Event{active, erasing, erased}, When: command, Err: account.ErrNotFound},
		"knows no aborted account":               {Given: []Event{aborted}, When: command, Err: account.ErrNotFound},
		"knows the account":                      {When: command, Err: account.ErrNotFound},
		"refuses a long reason":                  {Given: []Event{active}, When: long, Err: domain.ErrInvalid, Fields: []string{"reason"}},
		"refuses an odd reason":                  {Given: []Event{active}, When: odd, Err: domain.ErrInvalid, Fields: []string{"reason"}},
	})
}

func TestReactivate(t *testing.T) {
	command := account.Reactivate{UserID: user, Now: noon}
	estest.Run(t, account.Events, map[string]Case{
		"opens a closed account":            {Given: []Event{active, deactivated}, When: command, Then: []Event{reactivated}},
		"opens it once":                     {Given: []Event{active, deactivated, reactivated}, When: command},
		"leaves an open account":            {Given: []Event{active}, When: command},
		"refuses one that is being erased":  {Given: []Event{active, erasing}, When: command, Err: account.ErrAlreadyErasing},
		"and one that was closed before it": {Given: []Event{active, deactivated, erasing}, When: command, Err: account.ErrAlreadyErasing},
		"knows no erased account":           {Given: []Event{active, erasing, erased}, When: command, Err: account.ErrNotFound},
		"knows the account":                 {When: command, Err: account.ErrNotFound},
	})
}

func TestAReactivatedAccountIsWhatItWas(t *testing.T) {
	for name, first := range map[string]account.UserCreated{"proven": active, "not proven": created} {
		t.Run(name, func(t *testing.T) {
			state := account.State{}.Evolve(first).Evolve(deactivated)
			if state.Status != account.Inactive || state.SessionEpoch != 1 {
				t.Errorf("closed: %s, epoch %d", state.Status, state.SessionEpoch)
			}
			if got := state.Evolve(reactivated).Status; got != first.Status {
				t.Errorf("opened: %s, want %s", got, first.Status)
			}
		})
	}
}

func TestLockAndUnlock(t *testing.T) {
	until := func(after time.Duration) account.Lock {
		return account.Lock{UserID: user, Until: noon.Add(after), Now: noon}
	}
	locked := func(after time.Duration) account.AccountLocked {
		return account.AccountLocked{UserID: user, Until: noon.Add(after), At: noon}
	}
	unlock, unlocked := account.Unlock{UserID: user, Reason: "asked", Now: noon}, account.AccountUnlocked{UserID: user, Reason: "asked", At: noon}
	odd := unlock
	odd.Reason = "\u202e"
	estest.Run(t, account.Events, map[string]Case{
		"locks":                            {Given: []Event{active}, When: until(time.Hour), Then: []Event{locked(time.Hour)}},
		"locks longer":                     {Given: []Event{active, locked(time.Hour)}, When: until(2 * time.Hour), Then: []Event{locked(2 * time.Hour)}},
		"never shortens a lock":            {Given: []Event{active, locked(time.Hour)}, When: until(time.Minute)},
		"locks again after it was ended":   {Given: []Event{active, locked(time.Hour), unlocked}, When: until(time.Minute), Then: []Event{locked(time.Minute)}},
		"locks no erased account":          {Given: []Event{active, erasing, erased}, When: until(time.Hour), Err: account.ErrNotFound},
		"locks no account that is not":     {When: until(time.Hour), Err: account.ErrNotFound},
		"unlocks":                          {Given: []Event{active, locked(time.Hour)}, When: unlock, Then: []Event{unlocked}},
		"unlocks once":                     {Given: []Event{active, locked(time.Hour), unlocked}, When: unlock},
		"has nothing to unlock":            {Given: []Event{active}, When: unlock},
		"unlocks no account that is not":   {When: unlock, Err: account.ErrNotFound},
		"unlocks no account that was":      {Given: []Event{active, locked(time.Hour), erasing, erased}, When: unlock, Err: account.ErrNotFound},
		"refuses an odd reason to unlock":  {Given: []Event{active}, When: odd, Err: domain.ErrInvalid, Fields: []string{"reason"}},
		"a lock changes nothing otherwise": {Given: []Event{active, locked(time.Hour)}, When: account.Deactivate{UserID: user, Reason: "left", Now: noon}, Then: []Event{deactivated}},
	})
}

func TestRequestErasure(t *testing.T) {
	command := account.RequestErasure{UserID: user, ErasureID: domain.ID{7}, Reason: "wish", Now: noon}
	another := command
	another.ErasureID = domain.ID{6}
	estest.Run(t, account.Events, map[string]Case{
		"begins":                              {Given: []Event{active}, When: command, Then: []Event{erasing}},
		"begins before the address is proven": {Given: []Event{created}, When: command, Then: []Event{erasing}},
		"begins with a closed account":        {Given: []Event{active, deactivated}, When: command, Then: []Event{erasing}},
		"keeps the first request":             {Given: []Event{active, erasing}, When: another},
		"knows no erased account":             {Given: []Event{active, erasing, erased}, When: another, Err: account.ErrNotFound},
		"knows no aborted account":            {Given: []Event{aborted}, When: command, Err: account.ErrNotFound},
		"knows the account":                   {When: command, Err: account.ErrNotFound},
	})
}

func TestFinishErasure(t *testing.T) {
	command := account.FinishErasure{UserID: user, Now: noon}
	estest.Run(t, account.Events, map[string]Case{
		"ends":                             {Given: []Event{active, erasing}, When: command, Then: []Event{erased}},
		"ends once":                        {Given: []Event{active, erasing, erased}, When: command},
		"never ends what nobody asked for": {Given: []Event{active}, When: command, Err: account.ErrNotFound},
		"ends no account that is not":      {When: command, Err: account.ErrNotFound},
	})
	state := account.State{}.Evolve(active).Evolve(erasing)
	if state.Status != account.Inactive || state.SessionEpoch != 1 {
		t.Errorf("requested: %s, epoch %d", state.Status, state.SessionEpoch)
	}
	if state = state.Evolve(erased); !state.Email.Erased() || !state.Phone.Erased() || !state.PasswordHash.Erased() || state.ErasedAt != noon {
		t.Errorf("something is left of %v", state)
	}
}
