package http

import (
	"context"
	_ "embed" // the page is a file
	"errors"
	"net/http"
	"slices"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/domain/account"
	"am-user-management/internal/email"
)

//go:embed reset.html
var resetHTML string

// requestReset answers POST /reset-password. The answer is the same whether the address is known or not: it carries no
// position in the log, which would tell, and comes after the same time.
func (s *Server) requestReset(ctx context.Context, c *call) error {
	var body address
	if err := c.bind(&body); err != nil {
		return err
	}
	parsed, err := email.Parse(body.Email)
	if err != nil {
		return err
	}
	command, err := s.command(ctx, c)
	if err != nil {
		return err
	}
	defer even(ctx)()
	if _, err := s.commands.RequestPasswordReset(ctx, command, parsed.Normal); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

// resetPage answers GET /reset-password: a page with a form that does what the link in the mail is for.
func (s *Server) resetPage(_ context.Context, c *call) error { return c.showPage(s.pages.reset) }

// passwordReset is the body of POST /reset-password/confirm.
type passwordReset struct {
	Token       string `json:"token"`
	NewPassword string `json:"new_password"`
}

// confirmReset answers POST /reset-password/confirm. It opens no session: who reset the password logs in with it.
func (s *Server) confirmReset(ctx context.Context, c *call) error {
	var body passwordReset
	if err := c.bind(&body); err != nil {
		return err
	}
	user, request, err := s.tokens.Parse(ResetPasswordToken, body.Token)
	if err != nil {
		return account.ErrTokenInvalid
	}
	command, err := s.command(ctx, c, password{"new_password", body.NewPassword})
	if err != nil {
		return err
	}
	outcome, err := s.commands.ResetPassword(ctx, command, user, request, body.NewPassword)
	if err := c.wrote(outcome.Result, renamed(err, "password", "new_password")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// passwordChange is the body of POST /users/me/password.
type passwordChange struct {
	CurrentPassword string `json:"current_password"`
	NewPassword     string `json:"new_password"`
}

// faults names what is missing.
func (b passwordChange) faults() (faults domain.Faults) {
	if b.CurrentPassword == "" {
		faults.Add("current_password", "is required")
	}
	if b.NewPassword == "" {
		faults.Add("new_password", "is required")
	}
	return faults
}

// changePassword answers POST /users/me/password. The session that asks goes on, all others are over.
func (s *Server) changePassword(ctx context.Context, c *call) error {
	var body passwordChange
	if err := c.bind(&body); err != nil {
		return err
	}
	if err := body.faults().Err(); err != nil {
		return err
	}
	command, err := s.command(ctx, c, password{"current_password", body.CurrentPassword}, password{"new_password", body.NewPassword})
	if err != nil {
		return err
	}
	if command.IfMatch, err = ifMatch(c.Request().Header); err != nil {
		return err
	}
	outcome, err := s.commands.ChangePassword(ctx, command, commands.PasswordChange{
		User: c.user, Session: c.session, Current: body.CurrentPassword, New: body.NewPassword,
	})
	if err := c.wrote(outcome.Result, renamed(err, "password", "new_password")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// renamed is an error about one field as the error about the field that the route calls by another name.
func renamed(err error, from, to string) error {
	var rule *domain.Error
	if !errors.As(err, &rule) || len(rule.Fields) == 0 {
		return err
	}
	fields := slices.Clone(rule.Fields)
	for i := range fields {
		if fields[i].Field == from {
			fields[i].Field = to
		}
	}
	return rule.WithFields(fields...)
}
