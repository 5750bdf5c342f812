package sagas

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/onboarding"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/jobs"
)

// TokenService is told about users. The same effect told again changes nothing there.
type TokenService interface {
	UserCreated(ctx context.Context, effect, user domain.ID) error
	// TokensRevoked tells that all tokens of the user are void.
	TokensRevoked(ctx context.Context, effect, user domain.ID, reason string) error
}

// Effects does what leaves the process, for the jobs that ask for it. Each effect is done at least once and carries
// an id that stays the same; what was recorded as done is not done again, not even when the job queue was restored
// from an old backup.
type Effects struct {
	service *commands.Service
	mailer  Mailer
	tokens  TokenService
	clock   func() time.Time
}

// NewEffects makes it.
func NewEffects(service *commands.Service, mailer Mailer, tokens TokenService, clock func() time.Time) *Effects {
	return &Effects{service: service, mailer: mailer, tokens: tokens, clock: clock}
}

// SendMail sends a mail, unless it was sent before or is not worth sending any more.
func (e *Effects) SendMail(ctx context.Context, wanted jobs.Mail) error {
	switch Template(wanted.Template) {
	case VerifyEmail:
		return e.sendVerification(ctx, wanted.User, wanted.Ref)
	case ResetPassword, PasswordChanged, ExistingAccount, EmailChangeConfirm, EmailChangeNotice, EmailChanged:
	default: // a newer release may know it: keep trying, visibly
		return fmt.Errorf("there is no mail %q in this release", wanted.Template)
	}
	history, err := e.service.AccountEvents(ctx, wanted.User)
	if err != nil {
		return err
	}
	m, ok := compose(history, wanted, e.clock())
	if !ok {
		return nil
	}
	return e.once(ctx, wanted.User, m.Effect, wanted.Template, func() error { return e.mailer.Send(ctx, m) })
}

// RevokeTokens tells the token service that all tokens of a user are void.
func (e *Effects) RevokeTokens(ctx context.Context, r jobs.Revocation) error {
	effect := effectID(r.Event, "revoke")
	return e.once(ctx, r.User, effect, "tokens_revoked", func() error {
		return e.tokens.TokensRevoked(ctx, effect, r.User, r.Reason)
	})
}

// once gives a notice that was not given yet, and records it.
func (e *Effects) once(ctx context.Context, user, effect domain.ID, about string, give func() error) error {
	if given, err := e.service.NoticeGiven(ctx, user, effect); err != nil || given {
		return err
	}
	if err := give(); err != nil {
		return err
	}
	return e.service.GiveNotice(ctx, commands.Request{
		CommandID:   uuid.NewSHA1(uuid.UUID(effect), []byte("given")),
		Fingerprint: "notices/" + about,
		Actor:       eventstore.Actor{ID: "notices", Kind: eventstore.Saga, OnBehalfOf: user.String()},
	}, user, effect, about)
}

// sendVerification mails the token of a request, unless there is nothing left to prove with it. It is a step of the
// onboarding, and recorded as that.
func (e *Effects) sendVerification(ctx context.Context, user, request domain.ID) error {
	found, err := e.service.Account(ctx, user)
	if errors.Is(err, account.ErrNotFound) {
		return nil // aborted before it began
	}
	if err != nil {
		return err
	}
	state := found.State
	wanted, first := find(state.Requests, request)
	switch {
	case wanted == nil || state.Email.Erased():
		return nil
	case !state.VerifiedAt.IsZero(): // by an earlier try that was not recorded
		return e.finish(ctx, user, onboarding.Mail)
	case wanted.Used || !e.clock().Before(wanted.ExpiresAt):
		return nil
	}
	if first {
		if done, err := e.service.StepDone(ctx, user, onboarding.Mail); err != nil || done {
			return err
		}
	}
	_, created, err := e.service.Created(ctx, user)
	if err != nil {
		return err
	}
	err = e.mailer.Send(ctx, Mail{
		Effect: request, Template: VerifyEmail, To: state.Email.Text(), Locale: created.Locale,
		User: user, Request: request, ExpiresAt: wanted.ExpiresAt, At: wanted.RequestedAt,
	})
	if err != nil {
		return err
	}
	return e.finish(ctx, user, onboarding.Mail)
}

// TellTokenService tells the token service about a new user, unless they were erased before it could be told.
func (e *Effects) TellTokenService(ctx context.Context, user domain.ID) error {
	if done, err := e.service.StepDone(ctx, user, onboarding.Token); err != nil || done {
		return err
	}
	if _, err := e.service.Account(ctx, user); errors.Is(err, account.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if err := e.tokens.UserCreated(ctx, stepID(user, onboarding.Token), user); err != nil {
		return err
	}
	return e.finish(ctx, user, onboarding.Token)
}

func (e *Effects) finish(ctx context.Context, user domain.ID, step onboarding.Step) error {
	return e.service.FinishStep(ctx, commands.Request{
		CommandID:   uuid.UUID(stepID(user, step)),
		Fingerprint: sagaName + "/" + string(step),
		At:          e.clock(), // most users have no other step to record: no look is needed
		Actor:       eventstore.Actor{ID: sagaName, Kind: eventstore.Saga, OnBehalfOf: user.String()},
	}, user, step)
}

// stepID names a user's step, whoever does it and however often.
func stepID(user domain.ID, step onboarding.Step) domain.ID {
	return effectID(user, sagaName+"/"+string(step))
}

// effectID names what is done because of something, whoever does it and however often.
func effectID(cause domain.ID, what string) domain.ID {
	return domain.ID(uuid.NewSHA1(uuid.UUID(cause), []byte(what)))
}

// find returns the request of that id, and whether it is the one made at sign-up.
func find(requests []account.Request, id domain.ID) (*account.Request, bool) {
	for i := range requests {
		if requests[i].ID == id {
			return &requests[i], i == 0
		}
	}
	return nil, false
}
