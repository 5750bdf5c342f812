package mail_test

import (
	"fmt"
	"strings"
	"testing"

	"am-user-management/internal/mail"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]struct {
		address  string
		security mail.Security
	}{
		"smtp://u:p@mail.example.com":                 {"mail.example.com:587", mail.StartTLS},
		"smtp://mail.example.com:25?starttls=never":   {"mail.example.com:25", mail.Plain},
		"smtps://u:p@mail.example.com":                {"mail.example.com:465", mail.ImplicitTLS},
		"smtp://127.0.0.1:1025":                       {"127.0.0.1:1025", mail.Plain},
		"smtp://u:p@localhost:1025?starttls=always":   {"localhost:1025", mail.StartTLS},
		"smtp://[::1]:1025/":                          {"[::1]:1025", mail.Plain},
		"smtp://u%40x:p%2F@mail.example.com:2525":     {"mail.example.com:2525", mail.StartTLS},
		"smtp://u:p@127.0.0.1:1025?starttls=never":    {"127.0.0.1:1025", mail.Plain},
		"smtps://u:p@mail.example.com:1465":           {"mail.example.com:1465", mail.ImplicitTLS},
		"smtp://mail.example.com:587?starttls=always": {"mail.example.com:587", mail.StartTLS},
	} {
		server, err := mail.ParseURL(text)
		if err != nil || server.String() != want.address || server.Security != want.security {
			t.Errorf("ParseURL(%q) = %v %d, %v; want %s %d", text, server, server.Security, err, want.address, want.security)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, text := range []string{
		"", "canary", "http://canary", "smtp://", "smtp://canary:99999", "smtp://canary/path", "smtp://canary#x",
		"smtp://canary?starttls=maybe", "smtp://canary?tls=no", "smtps://canary?starttls=always",
		"smtp://u:canary@mail.example.com?starttls=never", "smtp://canary:0",
	} {
		if _, err := mail.ParseURL(text); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("ParseURL(%q) = %v, want an error that quotes nothing", text, err)
		}
	}
}

func TestServerHidesItsPassword(t *testing.T) {
	server, err := mail.ParseURL("smtp://someone:canary@mail.example.com")
	if shown := fmt.Sprintf("%v %+v %#v", server, server, server); err != nil || strings.Contains(shown, "canary") {
		t.Errorf("shown: %s, %v", shown, err)
	}
}
