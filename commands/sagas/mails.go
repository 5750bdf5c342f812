package sagas

import (
	"context"
	"time"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/jobs"
)

// Template is the name of a mail. It stands in jobs, and never changes.
type Template string

// The mails.
const (
	// VerifyEmail asks to prove the address of a new account.
	VerifyEmail Template = "verify_email"
	// ResetPassword lets the owner of the address choose a new password.
	ResetPassword Template = "reset_password"
	// PasswordChanged tells that the password is another one.
	PasswordChanged Template = "password_changed"
	// ExistingAccount tells that somebody signed up with the address of an account.
	ExistingAccount Template = "existing_account"
	// EmailChangeConfirm asks to prove the address that an account is to have.
	EmailChangeConfirm Template = "email_change_confirm"
	// EmailChangeNotice tells the address that an account has about the one that was asked for.
	EmailChangeNotice Template = "email_change_notice"
	// EmailChanged tells the address that an account had that it has another one.
	EmailChanged Template = "email_changed"
)

// Mail is one mail, ready to be written in words.
type Mail struct {
	// Effect names the mail: the same at every try.
	Effect   domain.ID
	Template Template
	To       string
	// Locale is that of the user; "" where it is not known.
	Locale string
	// User and Request are what the token in the mail is made of; the zero Request is for mails without one.
	User    domain.ID
	Request domain.ID
	// ExpiresAt is the end of the token.
	ExpiresAt time.Time
	// At is when it happened.
	At time.Time
}

// Mailer hands a mail over. It returns when the mail server has taken it.
type Mailer interface {
	Send(ctx context.Context, m Mail) error
}

// mailsOf lists the mails that an event of an account asks for. Those of a request are named by it; those that tell
// about an event, by the event.
func mailsOf(envelope *eventstore.Envelope) []jobs.Mail {
	event := domain.ID(envelope.ID)
	switch e := envelope.Event.(type) {
	case account.PasswordResetRequested:
		return mails(e.UserID, e.RequestID, ResetPassword)
	case account.PasswordChanged:
		return mails(e.UserID, event, PasswordChanged)
	case account.SignUpRepeated:
		return mails(e.UserID, event, ExistingAccount)
	case account.EmailChangeRequested:
		return mails(e.UserID, e.RequestID, EmailChangeConfirm, EmailChangeNotice)
	case account.EmailChanged:
		return mails(e.UserID, event, EmailChanged)
	}
	return nil
}

func mails(user, ref domain.ID, templates ...Template) []jobs.Mail {
	wanted := make([]jobs.Mail, len(templates))
	for i, template := range templates {
		wanted[i] = jobs.Mail{User: user, Template: string(template), Ref: ref}
	}
	return wanted
}

// compose finds the event that asked for a mail and says what the mail tells. ok is false when it is not worth sending:
// nobody asked for it, its token would be refused, or its reader is gone.
func compose(history []eventstore.Envelope, wanted jobs.Mail, now time.Time) (m Mail, ok bool) {
	var asked *eventstore.Envelope
	var then, state account.State // at the event, and now
	for i := range history {
		event, belongs := history[i].Event.(account.Event)
		if !belongs {
			continue
		}
		state = state.Evolve(event)
		for _, mail := range mailsOf(&history[i]) {
			if mail == wanted {
				asked, then = &history[i], state
			}
		}
	}
	if asked == nil || state.Erased {
		return Mail{}, false
	}
	m = Mail{
		Effect: effectID(wanted.Ref, "mail/"+wanted.Template), Template: Template(wanted.Template),
		To: then.Email.Text(), Locale: localeOf(history), User: wanted.User,
	}
	ok = true
	switch e := asked.Event.(type) {
	case account.PasswordResetRequested:
		m.Request, m.ExpiresAt, m.At = e.RequestID, e.ExpiresAt, e.RequestedAt
		ok = state.CanReset(e.RequestID, now) == nil
	case account.PasswordChanged:
		m.At = e.ChangedAt
	case account.SignUpRepeated:
		m.At = e.At
		ok = state.Status != account.Inactive
	case account.EmailChangeRequested:
		m.At = e.RequestedAt
		if m.Template == EmailChangeConfirm {
			_, err := state.RedeemableChange(e.RequestID, now)
			ok = err == nil
			m.To, m.Request, m.ExpiresAt = e.NewEmail.Text(), e.RequestID, e.ExpiresAt
		}
	case account.EmailChanged:
		m.To, m.At = e.PreviousEmail.Text(), e.ChangedAt
	}
	return m, ok && m.To != ""
}

// localeOf is what the user said at sign-up.
func localeOf(history []eventstore.Envelope) string {
	if created, ok := history[0].Event.(account.UserCreated); ok {
		return created.Locale
	}
	return ""
}
