package http

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // the page is a file
	"html/template"
	"net/http"
	"time"

	"am-user-management/domain/account"
	"am-user-management/internal/email"
)

// The purposes of mailed tokens. A token for one of them is nothing for another.
const (
	// VerifyEmailToken proves the address of a new account, by POST /verify-email.
	VerifyEmailToken = "verify-email"
	// ChangeEmailToken proves the address that an account is to have, by POST /verify-email.
	ChangeEmailToken = "change-email"
	// ResetPasswordToken sets a new password, by POST /reset-password/confirm.
	ResetPasswordToken = "reset-password"
)

//go:embed verify.html
var verifyHTML string

// verificationPage answers GET /verify-email: a page whose button does what the link in the mail is for. Opening the
// link changes nothing, as mail scanners open links too. The page takes the token from its own address, so no text of
// the request becomes part of it, and it loads nothing.
func (s *Server) verificationPage(_ context.Context, c *call) error {
	nonce := rand.Text()
	var page bytes.Buffer
	if err := s.page.Execute(&page, nonce); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'nonce-"+nonce+"'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return c.HTMLBlob(http.StatusOK, page.Bytes())
}

func parsePage() (*template.Template, error) { return template.New("verify-email").Parse(verifyHTML) }

// verification is the body of POST /verify-email.
type verification struct {
	Token string `json:"token"`
}

// verifyEmail answers POST /verify-email.
func (s *Server) verifyEmail(ctx context.Context, c *call) error {
	var body verification
	if err := c.bind(&body); err != nil {
		return err
	}
	verify := s.commands.VerifyEmail
	user, request, err := s.tokens.Parse(VerifyEmailToken, body.Token)
	if err != nil {
		verify = s.commands.ConfirmEmailChange
		user, request, err = s.tokens.Parse(ChangeEmailToken, body.Token)
	}
	if err != nil {
		return account.ErrTokenInvalid
	}
	c.subject = user
	command, err := s.command(ctx, c)
	if err != nil {
		return err
	}
	outcome, err := verify(ctx, command, user, request)
	if err := c.wrote(outcome.Result, err); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// address is the body of requests about an e-mail address.
type address struct {
	Email string `json:"email"`
}

// evenTime is more than a resend takes that has something to do.
const evenTime = 150 * time.Millisecond

// resendVerification answers POST /verify-email/resend. The answer is the same whether the address is known, verified
// or neither: it carries no position in the log, which would tell, and comes after the same time.
func (s *Server) resendVerification(ctx context.Context, c *call) error {
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
	timer := time.NewTimer(evenTime)
	defer timer.Stop()
	if _, err := s.commands.ResendVerification(ctx, command, parsed.Normal); err != nil {
		return err
	}
	select {
	case <-timer.C:
	case <-c.Request().Context().Done():
	}
	return c.NoContent(http.StatusAccepted)
}
