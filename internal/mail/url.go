package mail

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// Security is how the connection to the mail server is protected.
type Security int

// The kinds of protection.
const (
	// StartTLS: the connection becomes TLS before anything is said, or nothing is sent.
	StartTLS Security = iota
	// ImplicitTLS: TLS from the first byte (smtps).
	ImplicitTLS
	// Plain: no TLS. The default for this machine; for another one it must be asked for.
	Plain
)

// Server is where mail is handed over.
type Server struct {
	Host     string
	Port     int
	Security Security
	user     string
	password string
}

var (
	errURL      = errors.New("must be smtp://user:password@host:port or smtps://…")
	errStartTLS = errors.New("its only option is starttls=always or starttls=never, with smtp")
	errPlain    = errors.New("a password must not travel in the clear: use smtps, or smtp with starttls=always")
)

// ParseURL reads smtp://[user:password@]host[:port][?starttls=always|never] or smtps://…. The default of starttls is
// "always", for this machine "never"; the default port is 587, 465 for smtps. Errors do not quote the text.
func ParseURL(text string) (Server, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || parsed.Path != "" && parsed.Path != "/" || parsed.Fragment != "" {
		return Server{}, errURL
	}
	server := Server{Host: parsed.Hostname(), user: parsed.User.Username()}
	server.password, _ = parsed.User.Password()
	switch parsed.Scheme {
	case "smtps":
		server.Port, server.Security = 465, ImplicitTLS
	case "smtp":
		server.Port, server.Security = 587, StartTLS
		if isLocal(server.Host) {
			server.Security = Plain
		}
	default:
		return Server{}, errURL
	}
	if err := server.options(parsed.RawQuery); err != nil {
		return Server{}, err
	}
	if text := parsed.Port(); text != "" {
		if server.Port, err = strconv.Atoi(text); err != nil || server.Port < 1 || server.Port > 65535 {
			return Server{}, errURL
		}
	}
	if server.Security == Plain && server.user != "" && !isLocal(server.Host) {
		return Server{}, errPlain
	}
	return server, nil
}

func (s *Server) options(query string) error {
	options, err := url.ParseQuery(query)
	if err != nil {
		return errStartTLS
	}
	for name := range options {
		policy := options.Get(name)
		switch {
		case name != "starttls" || s.Security == ImplicitTLS:
			return errStartTLS
		case policy == "always":
			s.Security = StartTLS
		case policy == "never":
			s.Security = Plain
		default:
			return errStartTLS
		}
	}
	return nil
}

// String is the address, without the credentials.
func (s Server) String() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// GoString is String: %#v must not show the password.
func (s Server) GoString() string { return s.String() }

func isLocal(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
