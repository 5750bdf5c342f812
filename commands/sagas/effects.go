package sagas

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/domain/onboarding"
	"am-user-management/internal/eventstore"
)

// Verification is a mail that asks somebody to prove their address.
type Verification struct {
	// Effect names the mail: the same at every try.
	Effect    domain.ID
	To        string
	Locale    string
	User      domain.ID
	Request   domain.ID
	ExpiresAt time.Time
}

// Mailer hands a mail over. It returns when the mail server has taken it.
type Mailer interface {
	SendVerification(ctx context.Context, v Verification) error
}

// TokenService is told about users. The same effect told again changes nothing there.
type TokenService interface {
	UserCreated(ctx context.Context, effect, user domain.ID) error
}

// Effects does what leaves the process, for the jobs that ask for it. Each effect is done at least once and carries
// an id that stays the same; what was recorded as done is not done again, not even when the job queue was restored
// from an old backup.
type Effects struct {
	service *commands.Service
	mailer  Mailer
	tokens  TokenService
}

// NewEffects makes it.
func NewEffects(service *commands.Service, mailer Mailer, tokens TokenService) *Effects {
	return &Effects{service: service, mailer: mailer, tokens: tokens}
}

// SendVerification mails the token of a request, unless there is nothing left to prove with it.
func (e *Effects) SendVerification(ctx context.Context, user, request domain.ID) error {
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
	err = e.mailer.SendVerification(ctx, Verification{
		Effect: request, To: state.Email.Text(), Locale: created.Locale, User: user, Request: request, ExpiresAt: wanted.ExpiresAt,
	})
	if err != nil {
		return err
	}
	return e.finish(ctx, user, onboarding.Mail)
}

// TellTokenService tells the token service about a new user.
func (e *Effects) TellTokenService(ctx context.Context, user domain.ID) error {
	if done, err := e.service.StepDone(ctx, user, onboarding.Token); err != nil || done {
		return err
	}
	if err := e.tokens.UserCreated(ctx, effectID(user, onboarding.Token), user); err != nil {
		return err
	}
	return e.finish(ctx, user, onboarding.Token)
}

func (e *Effects) finish(ctx context.Context, user domain.ID, step onboarding.Step) error {
	return e.service.FinishStep(ctx, commands.Request{
		CommandID:   uuid.UUID(effectID(user, step)),
		Fingerprint: sagaName + "/" + string(step),
		Actor:       eventstore.Actor{ID: sagaName, Kind: eventstore.Saga, OnBehalfOf: user.String()},
	}, user, step)
}

// effectID names a user's step, whoever does it and however often.
func effectID(user domain.ID, step onboarding.Step) domain.ID {
	return domain.ID(uuid.NewSHA1(uuid.UUID(user), []byte(sagaName+"/"+string(step))))
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
