package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SenderOptions are the settings of a Sender.
type SenderOptions struct {
	Server Server
	// From is the sender, "Name <address>" or a bare address; its domain is that of every Message-ID.
	From string
	// Timeout bounds connecting and, again, handing over; 0 is 10 s.
	Timeout time.Duration
	// Now is the clock of the Date header.
	Now func() time.Time
	// TLS replaces the system's trust, for private authorities; nil is the system's.
	TLS *tls.Config
}

// Sender hands mails to one SMTP server. It is safe for concurrent use; every mail is a connection of its own.
type Sender struct {
	options []gomail.Option
	host    string
	from    *mail.Address
	domain  string
	now     func() time.Time
}

const defaultTimeout = 10 * time.Second

// NewSender checks the options; it does not connect.
func NewSender(o SenderOptions) (*Sender, error) {
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, errors.New("the sender is not a mail address")
	}
	if o.Now == nil {
		return nil, errors.New("the sender needs a clock")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	s := &Sender{host: o.Server.Host, from: from, now: o.Now}
	s.domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	s.options = []gomail.Option{
		gomail.WithPort(o.Server.Port), gomail.WithTimeout(o.Timeout), gomail.WithHELO(s.domain), gomail.WithoutNoop(),
	}
	switch o.Server.Security {
	case ImplicitTLS:
		s.options = append(s.options, gomail.WithSSL())
	case Plain:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if o.TLS != nil {
		s.options = append(s.options, gomail.WithTLSConfig(o.TLS))
	}
	if o.Server.user != "" {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(o.Server.user), gomail.WithPassword(o.Server.password))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, err
	}
	return s, nil
}

// Send hands the mail over and returns when the server has taken responsibility for it. The error is a *DeliveryError;
// errors.Is(err, ErrPermanent) tells that trying again is pointless.
func (s *Sender) Send(ctx context.Context, m Message) error {
	message, err := s.compose(m)
	if err != nil {
		return &DeliveryError{Stage: "message", permanent: true}
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return &DeliveryError{Stage: "connect", cause: err}
	}
	err = client.DialAndSendWithContext(ctx, message)
	if err == nil || message.IsDelivered() { // what goes wrong after the acceptance is no matter of the mail
		return nil
	}
	return deliveryError(err)
}

func (s *Sender) compose(m Message) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Name != "" || to.Address != m.To {
		return nil, errors.New("the recipient is not a bare mail address")
	}
	if hasControl(m.To) || hasControl(m.Content.Subject) || hasControl(s.from.Name) {
		return nil, errors.New("control characters in a header")
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	message.ToMailAddress(to)
	message.Subject(m.Content.Subject)
	message.SetDateWithValue(s.now())
	message.SetMessageIDWithValue(m.Effect.String() + "@" + s.domain)
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(gomail.TypeTextPlain, m.Content.Text)
	if m.Content.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.Content.HTML)
	}
	return message, nil
}

// hasControl reports characters that could end a header line, or begin a disguise.
func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 })
}

func deliveryError(err error) error {
	refused, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return &DeliveryError{Stage: "connect", cause: err}
	}
	stage := "content"
	switch refused.Reason {
	case gomail.ErrSMTPMailFrom:
		stage = "sender"
	case gomail.ErrSMTPRcptTo:
		stage = "recipient"
	default: // every other reason is about handing over what the mail says
	}
	code := refused.ErrorCode()
	return &DeliveryError{
		Stage: stage, Code: code, Enhanced: refused.EnhancedStatusCode(), permanent: code >= 500 && code <= 599,
	}
}
