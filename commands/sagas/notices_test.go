package sagas_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands/sagas"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/jobs"
)

var everybody = sagas.Audience{Mail: true, Tokens: true}

// happens adds events to an account, one after the other, and has the saga react to all of its events.
func (b *bench) happens(user domain.ID, audience sagas.Audience, events ...account.Event) []eventstore.Envelope {
	b.t.Helper()
	stream := account.StreamOf(user)
	for _, event := range events {
		history, err := b.log.Load(b.t.Context(), stream, 0)
		if err != nil {
			b.t.Fatal(err)
		}
		expected := eventstore.Expected(history[len(history)-1].Revision)
		if _, _, err := b.log.Append(b.t.Context(), stream, expected, []eventstore.Draft{{ID: uuid.New(), Event: event}}); err != nil {
			b.t.Fatal(err)
		}
	}
	history, err := b.log.Load(b.t.Context(), stream, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	saga := sagas.NewNotices(b, b, audience)
	handled := slices.DeleteFunc(slices.Clone(history), func(e eventstore.Envelope) bool { return !saga.Handles(e.Event.EventType()) })
	if err := saga.Apply(b.t.Context(), nil, handled); err != nil {
		b.t.Fatal(err)
	}
	return history
}

// events of an account that somebody is told about.
func (b *bench) reset(user domain.ID, id byte) account.PasswordResetRequested {
	return account.PasswordResetRequested{UserID: user, RequestID: domain.ID{id}, RequestedAt: b.clock(), ExpiresAt: b.clock().Add(time.Hour)}
}

func (b *bench) changed(user domain.ID) account.PasswordChanged {
	return account.PasswordChanged{UserID: user, CredentialID: domain.ID{0xc2}, PreviousCredentialID: domain.ID{0xc1}, ChangedAt: b.clock()}
}

func (b *bench) moving(user domain.ID) account.EmailChangeRequested {
	return account.EmailChangeRequested{
		UserID: user, RequestID: domain.ID{7}, NewEmail: domain.NewPersonal("ada@new.example"), NewEmailClaim: "new",
		RequestedAt: b.clock(), ExpiresAt: b.clock().Add(time.Hour),
	}
}

func (b *bench) moved(user domain.ID) account.EmailChanged {
	return account.EmailChanged{
		UserID: user, RequestID: domain.ID{7}, Email: domain.NewPersonal("ada@new.example"), EmailClaim: "new",
		PreviousEmail: domain.NewPersonal("ada@example.org"), PreviousEmailClaim: "ada@example.org", ChangedAt: b.clock(),
	}
}

func TestR8EachMailGoesToWhomItConcerns(t *testing.T) {
	type sent struct {
		template sagas.Template
		to       string
	}
	const (
		own   = "ada@example.org"
		other = "ada@new.example"
	)
	for name, c := range map[string]struct {
		events func(b *bench, user domain.ID) []account.Event
		want   []sent
	}{
		"a reset":          {func(b *bench, u domain.ID) []account.Event { return []account.Event{b.reset(u, 5)} }, []sent{{sagas.ResetPassword, own}}},
		"another password": {func(b *bench, u domain.ID) []account.Event { return []account.Event{b.changed(u)} }, []sent{{sagas.PasswordChanged, own}}},
		"a repeated sign-up": {func(b *bench, u domain.ID) []account.Event {
			return []account.Event{account.SignUpRepeated{UserID: u, At: b.clock()}}
		}, []sent{{sagas.ExistingAccount, own}}},
		"a wish for another address": {
			func(b *bench, u domain.ID) []account.Event { return []account.Event{b.moving(u)} },
			[]sent{{sagas.EmailChangeConfirm, other}, {sagas.EmailChangeNotice, own}},
		},
		"another address": {
			func(b *bench, u domain.ID) []account.Event { return []account.Event{b.moving(u), b.moved(u)} },
			[]sent{{sagas.EmailChangeNotice, own}, {sagas.EmailChanged, own}},
		},
		"a password before the address was another": {
			func(b *bench, u domain.ID) []account.Event {
				return []account.Event{b.changed(u), b.moving(u), b.moved(u)}
			},
			[]sent{{sagas.PasswordChanged, own}, {sagas.EmailChangeNotice, own}, {sagas.EmailChanged, own}},
		},
		"what is nobody's to be told": {
			func(b *bench, u domain.ID) []account.Event {
				return []account.Event{
					account.SessionsEnded{UserID: u, At: b.clock()},
					account.AccountLocked{UserID: u, Until: b.clock(), At: b.clock()},
					account.PasswordRehashed{UserID: u, CredentialID: domain.ID{2}, At: b.clock()},
				}
			}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			state, _ := b.signUp()
			b.happens(state.UserID, everybody, c.events(b, state.UserID)...)
			for _, wanted := range slices.Concat(b.wanted, b.wanted) { // jobs are worked on at least once
				if err := b.effects().SendMail(t.Context(), wanted); err != nil {
					t.Fatal(err)
				}
			}
			var got []sent
			effects := map[domain.ID]bool{}
			for _, m := range b.mails {
				got = append(got, sent{m.Template, m.To})
				effects[m.Effect] = true
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("sent %v, want %v", got, c.want)
			}
			if len(effects) != len(c.want) {
				t.Errorf("%d mails share their Message-IDs: %v", len(c.want), effects)
			}
		})
	}
}

func TestR7AMailWhoseTokenWouldBeRefusedIsNotSent(t *testing.T) {
	for name, then := range map[string]func(b *bench, user domain.ID){
		"used":    func(b *bench, user domain.ID) { b.happens(user, everybody, b.changed(user)) },
		"expired": func(b *bench, user domain.ID) { b.passed += time.Hour },
		"void": func(b *bench, user domain.ID) {
			b.happens(user, everybody, account.AccountDeactivated{UserID: user, At: b.clock()})
		},
		"nobody's": func(b *bench, user domain.ID) {
			b.happens(user, everybody, account.AccountErasureRequested{UserID: user, ErasureID: domain.ID{1}, At: b.clock()}, account.AccountErased{UserID: user, ErasureID: domain.ID{1}, At: b.clock()})
		},
		"not asked": nil,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			state, _ := b.signUp()
			wanted := []jobs.Mail{
				{User: state.UserID, Template: string(sagas.ResetPassword), Ref: domain.ID{5}},
				{User: state.UserID, Template: string(sagas.EmailChangeConfirm), Ref: domain.ID{7}},
			}
			if then != nil {
				b.happens(state.UserID, everybody, b.reset(state.UserID, 5), b.moving(state.UserID))
				then(b, state.UserID)
			}
			for _, m := range wanted {
				if err := b.effects().SendMail(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			if len(b.mails) != 0 {
				t.Errorf("sent %v", b.mails)
			}
		})
	}
}

func TestAFailedMailIsTriedAgainUnderTheSameID(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	b.happens(state.UserID, everybody, b.reset(state.UserID, 5))
	b.mailErr = errors.New("the mail server is down")
	if err := b.effects().SendMail(t.Context(), b.wanted[0]); !errors.Is(err, b.mailErr) {
		t.Fatalf("got %v", err)
	}
	b.mailErr = nil
	if err := b.effects().SendMail(t.Context(), b.wanted[0]); err != nil {
		t.Fatal(err)
	}
	again := newBench(t)
	other, _ := again.signUp()
	again.happens(other.UserID, everybody, again.reset(other.UserID, 5))
	if err := again.effects().SendMail(t.Context(), again.wanted[0]); err != nil {
		t.Fatal(err)
	}
	if len(b.mails) != 1 || b.mails[0].Effect != again.mails[0].Effect || b.mails[0].Request != (domain.ID{5}) {
		t.Errorf("sent %v and %v", b.mails, again.mails)
	}
}

func TestAMailOfANewerReleaseStaysVisible(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	if err := b.effects().SendMail(t.Context(), jobs.Mail{User: state.UserID, Template: "birthday"}); err == nil {
		t.Error("an unknown mail counts as sent")
	}
}

func TestWhatEndsAllTokensIsToldToTheTokenServiceOnce(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	user := state.UserID
	b.happens(user, everybody, b.changed(user), account.SessionsEnded{UserID: user, At: b.clock()},
		account.AccountDeactivated{UserID: user, At: b.clock()},
		account.AccountErasureRequested{UserID: user, ErasureID: domain.ID{1}, At: b.clock()})
	var reasons []string
	for _, r := range b.revoked {
		reasons = append(reasons, r.Reason)
		for range 2 {
			if err := b.effects().RevokeTokens(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := []string{"password_changed", "sessions_ended", "account_deactivated", "account_erasure_requested"}; !slices.Equal(reasons, want) {
		t.Errorf("reasons %v, want %v", reasons, want)
	}
	if len(b.told) != len(b.revoked) {
		t.Errorf("it was told %d times of %d", len(b.told), len(b.revoked))
	}
}

func TestTheKeyOfAReplacedPasswordIsDestroyed(t *testing.T) {
	b := newBench(t)
	state, _ := b.signUp()
	b.happens(state.UserID, sagas.Audience{}, b.changed(state.UserID), account.PasswordRehashed{
		UserID: state.UserID, CredentialID: domain.ID{0xc3}, PreviousCredentialID: domain.ID{0xc2}, At: b.clock(),
	})
	if want := []domain.ID{{0xc1}, {0xc2}}; !slices.Equal(b.keys, want) {
		t.Errorf("destroyed %v, want %v", b.keys, want)
	}
	if len(b.wanted)+len(b.revoked) != 0 {
		t.Errorf("nobody is to be told, yet %v, %v", b.wanted, b.revoked)
	}
}
