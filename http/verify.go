package http

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // the page is a file
	"html/template"
	"net/http"

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

// pages are what links in mails open. Opening one changes nothing, as mail scanners open links too: its button does what
// the link is for. A page takes the token from its own address, so no text of the request becomes part of it, and it
// loads nothing.
type pages struct{ verify, reset *template.Template }

func parsePages() (pages, error) {
	verify, err := template.New("verify-email").Parse(verifyHTML)
	if err != nil {
		return pages{}, err
	}
	reset, err := template.New("reset-password").Parse(resetHTML)
	return pages{verify, reset}, err
}

func (c *call) showPage(page *template.Template) error {
	nonce := rand.Text()
	var text bytes.Buffer
	if err := page.Execute(&text, nonce); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'nonce-"+nonce+"'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return c.HTMLBlob(http.StatusOK, text.Bytes())
}

// verificationPage answers GET /verify-email: a page whose button proves the address.
func (s *Server) verificationPage(_ context.Context, c *call) error {
	return c.showPage(s.pages.verify)
}

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
	defer even(ctx)()
	if _, err := s.commands.ResendVerification(ctx, command, parsed.Normal); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}
