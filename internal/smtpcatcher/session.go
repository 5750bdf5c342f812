package smtpcatcher

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/emersion/go-smtp"
)

// session is one SMTP connection: it takes every sender and every recipient.
type session struct {
	catcher    *Catcher
	recipients []string
}

// Mail begins a message.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt adds a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.recipients = append(s.recipients, to)
	return nil
}

// Data keeps the message; it is on disk when the client reads the answer.
func (s *session) Data(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return s.catcher.keep(raw, s.recipients)
}

// Reset forgets the message in progress.
func (s *session) Reset() { s.recipients = nil }

// Logout has nothing to free.
func (s *session) Logout() error { return nil }

// quietLog sends the server's own log lines to slog.
type quietLog struct{ logger *slog.Logger }

// Printf logs one line.
func (l quietLog) Printf(format string, values ...any) {
	l.logger.Debug("mail catcher", "message", fmt.Sprintf(format, values...))
}

// Println logs one line.
func (l quietLog) Println(values ...any) {
	l.logger.Debug("mail catcher", "message", strings.TrimSpace(fmt.Sprintln(values...)))
}
