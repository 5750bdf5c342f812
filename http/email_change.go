package http

import (
	"context"
	"net/http"

	"am-user-management/commands"
	"am-user-management/domain"
	"am-user-management/internal/email"
)

// emailChange is the body of POST /users/me/email.
type emailChange struct {
	NewEmail string `json:"new_email"`
	Password string `json:"password"`
}

// changeEmail answers POST /users/me/email. The answer is the same whether the address is free or another account's:
// that is not looked at before its owner has proven it.
func (s *Server) changeEmail(ctx context.Context, c *call) error {
	var body emailChange
	if err := c.bind(&body); err != nil {
		return err
	}
	parsed, err := email.Parse(body.NewEmail)
	var faults domain.Faults
	for _, fault := range faultsOf(err) {
		faults.Add("new_email", fault.Message)
	}
	if body.Password == "" {
		faults.Add("password", "is required")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	command, err := s.command(ctx, c, password{"password", body.Password})
	if err != nil {
		return err
	}
	if command.IfMatch, err = ifMatch(c.Request().Header); err != nil {
		return err
	}
	outcome, err := s.commands.RequestEmailChange(ctx, command, c.user, commands.EmailChange{
		NewEmail: parsed.Text, NewEmailNormal: parsed.Normal, Password: body.Password,
	})
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}
