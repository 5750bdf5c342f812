package account_test

import (
	"errors"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/estest"
)

type (
	Case  = estest.Case[account.State, account.Event]
	Event = account.Event
)

var (
	user    = domain.ID{1}
	request = domain.ID{2}
	second  = domain.ID{3}
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	created = account.UserCreated{
		UserID: user, Email: domain.NewPersonal("ann@example.org"), EmailClaim: "c1a1",
		Status: account.PendingVerification, CredentialID: domain.ID{9}, PasswordHash: domain.NewSecret("$argon2id$"),
		CreatedAt: noon,
	}
	requested = account.EmailVerificationRequested{
		UserID: user, RequestID: request, ExpiresAt: noon.Add(24 * time.Hour), RequestedAt: noon,
	}
	verified = account.EmailVerified{UserID: user, RequestID: request, VerifiedAt: noon.Add(time.Hour)}
	aborted  = account.RegistrationAborted{UserID: user, Reason: "too slow", At: noon}
)

// with returns the account as it was created, in another status.
func with(status account.Status) account.UserCreated {
	other := created
	other.Status = status
	return other
}

// asked returns a request made so long after noon.
func asked(id domain.ID, after time.Duration) account.EmailVerificationRequested {
	return account.EmailVerificationRequested{
		UserID: user, RequestID: id, RequestedAt: noon.Add(after), ExpiresAt: noon.Add(after + 24*time.Hour),
	}
}

func TestMayLogIn(t *testing.T) {
	for name, c := range map[string]struct {
		given []Event
		want  error
	}{
		"nobody without an account":             {nil, account.ErrInvalidCredentials},
		"nobody whose sign-up was given up":     {[]Event{aborted}, account.ErrInvalidCredentials},
		"not before the address is proven":      {[]Event{created, requested}, account.ErrEmailNotVerified},
		"not while inactive":                    {[]Event{with(account.Inactive)}, account.ErrInactive},
		"not while inactive, though proven":     {[]Event{with(account.Inactive), requested, verified}, account.ErrInactive},
		"once the address is proven":            {[]Event{created, requested, verified}, nil},
		"at once where nothing is to be proven": {[]Event{with(account.Active)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var state account.State
			for _, event := range c.given {
				state = state.Evolve(event)
			}
			if err := state.MayLogIn(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestStateOfAnAccount(t *testing.T) {
	got := account.State{}.Evolve(created).Evolve(requested).Evolve(verified)
	want := account.State{
		UserID: user, Email: created.Email, EmailClaim: "c1a1", Status: account.Active, Resumes: account.Active,
		CredentialID: created.CredentialID, PasswordHash: created.PasswordHash,
		CreatedAt: noon, VerifiedAt: verified.VerifiedAt,
		Requests: []account.Request{{ID: request, RequestedAt: noon, ExpiresAt: requested.ExpiresAt, Used: true}},
	}
	if diff := estest.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCommandsGoToTheAccountsStream(t *testing.T) {
	if got := account.StreamOf(user); got != "account-01000000-0000-0000-0000-000000000000" {
		t.Error(got)
	}
	for _, command := range []domain.Command[account.State, Event]{
		account.Register{UserID: user},
		account.RequestVerification{UserID: user},
		account.VerifyEmail{UserID: user},
		account.AbortRegistration{UserID: user},
	} {
		if got := command.Stream(); got != account.StreamOf(user) {
			t.Errorf("%T goes to %s", command, got)
		}
	}
}

// Whose key encrypts what is told: a wrong answer here would outlive the erasure of the right person.
func TestEventsNameWhomTheyTellAbout(t *testing.T) {
	for _, event := range []Event{created, requested, verified} {
		if about, ok := event.(domain.PersonalEvent); !ok || about.Subject() != user {
			t.Errorf("%s does not tell about its user", event.EventType())
		}
	}
	if got := created.Credential(); got != created.CredentialID {
		t.Errorf("the hash is of credential %s", got)
	}
}
