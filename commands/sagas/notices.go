package sagas

import (
	"context"

	"github.com/jackc/pgx/v5"

	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/jobs"
)

// NoticeQueue inserts jobs in the transaction it is given. The same job inserted twice is one.
type NoticeQueue interface {
	InsertMailsTx(ctx context.Context, tx pgx.Tx, mails ...jobs.Mail) error
	InsertRevocationsTx(ctx context.Context, tx pgx.Tx, revocations ...jobs.Revocation) error
}

// Keys destroys keys for ever. Doing it again changes nothing.
type Keys interface {
	Destroy(ctx context.Context, subject domain.ID) error
}

// Audience says who is told: mails need a mail service, revocations a token service.
type Audience struct {
	Mail, Tokens bool
}

// Notices tells about what happened to an account: its owner by mail, the token service when all tokens are void. And
// it destroys the key of a password hash that was replaced, so that nobody ever reads it again.
type Notices struct {
	queue    NoticeQueue
	keys     Keys
	audience Audience
}

// NewNotices makes the saga.
func NewNotices(queue NoticeQueue, keys Keys, audience Audience) *Notices {
	return &Notices{queue: queue, keys: keys, audience: audience}
}

// Name is the name of the saga's checkpoint.
func (n *Notices) Name() string { return "saga-notices" }

// Handles reports whether the saga reacts to events of this type.
func (n *Notices) Handles(eventType string) bool {
	switch eventType {
	case account.PasswordResetRequested{}.EventType(), account.PasswordChanged{}.EventType(),
		account.PasswordRehashed{}.EventType(), account.SignUpRepeated{}.EventType(),
		account.EmailChangeRequested{}.EventType(), account.EmailChanged{}.EventType(),
		account.SessionsEnded{}.EventType(), account.AccountDeactivated{}.EventType(),
		account.AccountErasureRequested{}.EventType():
		return true
	}
	return false
}

// Apply destroys the keys that the batch makes useless, and queues the rest.
func (n *Notices) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Envelope) error {
	var mails []jobs.Mail
	var revocations []jobs.Revocation
	for i := range batch {
		if err := n.destroyKey(ctx, batch[i].Event); err != nil {
			return err
		}
		if n.audience.Mail {
			mails = append(mails, mailsOf(&batch[i])...)
		}
		if revocation, ok := revocationOf(&batch[i]); ok && n.audience.Tokens {
			revocations = append(revocations, revocation)
		}
	}
	if err := n.queue.InsertMailsTx(ctx, tx, mails...); err != nil {
		return err
	}
	return n.queue.InsertRevocationsTx(ctx, tx, revocations...)
}

// destroyKey makes the hash unreadable that an event replaced.
func (n *Notices) destroyKey(ctx context.Context, event domain.Event) error {
	var previous domain.ID
	switch e := event.(type) {
	case account.PasswordChanged:
		previous = e.PreviousCredentialID
	case account.PasswordRehashed:
		previous = e.PreviousCredentialID
	}
	if previous.IsZero() {
		return nil
	}
	return n.keys.Destroy(ctx, previous)
}

// revocationOf says which events end all tokens of their user, and why as the token service hears it.
func revocationOf(envelope *eventstore.Envelope) (jobs.Revocation, bool) {
	event := domain.ID(envelope.ID)
	switch e := envelope.Event.(type) {
	case account.PasswordChanged:
		return jobs.Revocation{User: e.UserID, Event: event, Reason: "password_changed"}, true
	case account.SessionsEnded:
		return jobs.Revocation{User: e.UserID, Event: event, Reason: "sessions_ended"}, true
	case account.AccountDeactivated:
		return jobs.Revocation{User: e.UserID, Event: event, Reason: "account_deactivated"}, true
	case account.AccountErasureRequested:
		return jobs.Revocation{User: e.UserID, Event: event, Reason: "account_erasure_requested"}, true
	}
	return jobs.Revocation{}, false
}
