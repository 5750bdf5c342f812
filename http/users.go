package http

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/email"
	"am-user-management/internal/phone"
	"am-user-management/readmodel"
)

// signUp is the body of POST /users. Null is as good as absent.
type signUp struct {
	Email     string `json:"email"`
	Password  string `json:"password"`
	Phone     string `json:"phone_number,omitzero"`
	FirstName string `json:"first_name,omitzero"`
	LastName  string `json:"last_name,omitzero"`
	Timezone  string `json:"timezone,omitzero"`
	Locale    string `json:"locale,omitzero"`
}

// newUser is the answer to POST /users.
type newUser struct {
	ID     domain.ID      `json:"id"`
	Email  string         `json:"email"`
	Status account.Status `json:"status"`
}

// signUp answers POST /users. Where the answer must not tell whether the address was taken, neither does its time.
func (s *Server) signUp(ctx context.Context, c *call) error {
	var body signUp
	if err := c.bind(&body); err != nil {
		return err
	}
	parsed, err := body.parse()
	if err != nil {
		return err
	}
	command, err := s.command(ctx, c, password{"password", body.Password})
	if err != nil {
		return err
	}
	if s.commands.HidesAccounts() {
		defer even(ctx)()
	}
	outcome, err := s.commands.Register(ctx, command, body.registration(parsed))
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	c.subject = outcome.State.UserID
	return c.created(outcome.State)
}

func (b signUp) registration(parsed email.Address) commands.Registration {
	return commands.Registration{
		Email: parsed.Text, EmailNormal: parsed.Normal, Password: b.Password, Phone: b.Phone,
		FirstName: b.FirstName, LastName: b.LastName, Timezone: b.Timezone, Locale: b.Locale,
	}
}

// created answers with a new user.
func (c *call) created(state account.State) error {
	c.Response().Header().Set("Location", "/users/"+state.UserID.String())
	return c.answer(http.StatusCreated, newUser{ID: state.UserID, Email: state.Email.Text(), Status: state.Status})
}

// parse finds what is wrong with the fields that no module of the domain judges, and writes them in their one form.
func (b *signUp) parse() (email.Address, error) {
	var faults domain.Faults
	if b.Password == "" {
		faults.Add("password", "is required")
	}
	number, err := phone.Parse(b.Phone)
	faults = append(faults, faultsOf(err)...)
	b.Phone = number
	parsed, err := email.Parse(b.Email)
	return parsed, append(faults, faultsOf(err)...).Err()
}

// faultsOf are the faulty fields that an error names.
func faultsOf(err error) domain.Faults {
	var rule *domain.Error
	if errors.As(err, &rule) {
		return rule.Fields
	}
	return nil
}

// ownAccount answers GET /users/me.
func (s *Server) ownAccount(ctx context.Context, c *call) error {
	hash, err := sessionHash(c.Request().Header)
	if err != nil {
		return err
	}
	caller, view, err := s.reader.AccountFor(ctx, hash, s.clock())
	if err := s.accept(c, caller, err); err != nil {
		return err
	}
	if c.fresh.behind() {
		if view, err = s.foldAccount(ctx, c.user); err != nil {
			return err
		}
	}
	return c.answerEntity(view.Version.Revision, view.At(s.clock()))
}

// accountV1 answers GET /internal/v1/users/{id}.
func (s *Server) accountV1(ctx context.Context, c *call) error {
	view, err := s.namedAccount(ctx, c)
	if err != nil {
		return err
	}
	return c.answerEntity(view.Version.Revision, view.V1())
}

// namedAccount is the account that the path names, with everything that the client wants to see.
func (s *Server) namedAccount(ctx context.Context, c *call) (readmodel.Account, error) {
	id, err := c.id()
	if err != nil {
		return readmodel.Account{}, err
	}
	view, err := s.reader.Account(ctx, uuid.UUID(id))
	if c.fresh.behind() || errors.Is(err, readmodel.ErrNotFound) {
		return s.foldAccount(ctx, id)
	}
	return view, err
}

// foldAccount is the account as its stream tells it, where the table does not know it or not all of it yet.
func (s *Server) foldAccount(ctx context.Context, id domain.ID) (readmodel.Account, error) {
	outcome, err := s.commands.Account(ctx, id)
	if err != nil {
		return readmodel.Account{}, err
	}
	return s.accountView(outcome), nil
}

func (s *Server) accountView(outcome commands.Outcome[account.State]) readmodel.Account {
	state := outcome.State
	view := readmodel.Account{
		ID: uuid.UUID(state.UserID), Email: legible(state.Email), Status: string(state.Status), VerifiedAt: optional(state.VerifiedAt),
		CreatedAt: state.CreatedAt, PhoneNumber: legible(state.Phone), LockedUntil: optional(state.LockedUntil), Version: version(outcome.Result),
	}
	return view.At(s.clock())
}

func version(result commands.Result) readmodel.Version {
	return readmodel.Version{Revision: result.Revision, Position: result.Position.Commit}
}

// legible is a personal text for JSON: nil if it was not given, or erased.
func legible(p domain.Personal) *string {
	if p.Text() == "" {
		return nil
	}
	text := p.Text()
	return &text
}
