package mail_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"am-user-management/domain"
	"am-user-management/internal/mail"
	"am-user-management/internal/smtpcatcher"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

func sender(t *testing.T, url string) *mail.Sender {
	t.Helper()
	server, err := mail.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := mail.NewSender(mail.SenderOptions{
		Server: server, From: "Accounts <no-reply@example.com>", Now: clock, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func message(to string) mail.Message {
	return mail.Message{
		Effect: domain.ID{15: 7}, To: to,
		Content: mail.Content{Subject: "Grüße", Text: "See https://example.com/x\n", HTML: "<p>See</p>"},
	}
}

func TestSendArrives(t *testing.T) {
	catcher, err := smtpcatcher.Start(smtpcatcher.Options{Dir: t.TempDir(), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer catcher.Close()
	s := sender(t, catcher.URL())
	for range 2 { // the second is a repetition: same Message-ID
		if err := s.Send(t.Context(), message("b@example.com")); err != nil {
			t.Fatal(err)
		}
		got, err := catcher.Wait(t.Context(), "b@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if got.MessageID != "00000000-0000-0000-0000-000000000007@example.com" || got.Subject != "Grüße" ||
			got.Link() != "https://example.com/x" || got.HTML != "<p>See</p>" || got.From != `"Accounts" <no-reply@example.com>` {
			t.Errorf("caught %+v", got)
		}
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	s := sender(t, "smtp://127.0.0.1:1")
	for name, m := range map[string]mail.Message{
		"line break in the address": message("b@example.com\r\nBcc: c@example.com"),
		"two addresses":             message("b@example.com, c@example.com"),
		"a name":                    message("B <b@example.com>"),
		"no address":                message(""),
		"line break in the subject": {To: "b@example.com", Content: mail.Content{Subject: "x\r\nBcc: c@example.com"}},
	} {
		if err := s.Send(t.Context(), m); !errors.Is(err, mail.ErrPermanent) {
			t.Errorf("%s: %v, want ErrPermanent", name, err)
		}
	}
}

func TestRefusalsAreTyped(t *testing.T) {
	for name, test := range map[string]struct {
		answers   map[string]string // to the command with this prefix
		permanent bool
		code      int
	}{
		"mailbox unknown":          {map[string]string{"RCPT": "550 5.1.1 <b@example.com> unknown"}, true, 550},
		"greylisted":               {map[string]string{"RCPT": "451 4.7.1 <b@example.com> later"}, false, 451},
		"sender refused":           {map[string]string{"MAIL": "553 who is b@example.com"}, true, 553},
		"content refused":          {map[string]string{".": "554 5.7.1 spam for b@example.com"}, true, 554},
		"full":                     {map[string]string{".": "452 4.3.1 full"}, false, 452},
		"dropped before the final": {map[string]string{".": ""}, false, 0},
		"dropped at the greeting":  {map[string]string{"EHLO": "", "HELO": ""}, false, 0},
		"service closing":          {map[string]string{"EHLO": "421 closing", "HELO": "421 closing"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := sender(t, "smtp://"+scripted(t, test.answers)).Send(t.Context(), message("b@example.com"))
			failed, ok := errors.AsType[*mail.DeliveryError](err)
			if !ok {
				t.Fatalf("Send = %v, want a DeliveryError", err)
			}
			if failed.Permanent() != test.permanent || errors.Is(err, mail.ErrPermanent) != test.permanent || failed.Code != test.code {
				t.Errorf("permanent %v, code %d: %v", failed.Permanent(), failed.Code, err)
			}
			if strings.Contains(err.Error(), "b@example.com") {
				t.Errorf("the error quotes the address: %v", err)
			}
		})
	}
}

func TestLossAfterAcceptanceIsNoFailure(t *testing.T) {
	for _, command := range []string{"RSET", "QUIT"} {
		address := scripted(t, map[string]string{command: ""})
		if err := sender(t, "smtp://"+address).Send(t.Context(), message("b@example.com")); err != nil {
			t.Errorf("dropped at %s: %v; the mail was accepted and would be sent twice", command, err)
		}
	}
}

func TestServerThatSaysNothingTimesOut(t *testing.T) {
	listener := listen(t)
	server, err := mail.ParseURL("smtp://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := mail.NewSender(mail.SenderOptions{Server: server, From: "a@example.com", Now: clock, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(context.Background(), message("b@example.com")); err == nil || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("Send = %v, want a transient error", err)
	}
}

func TestStartTLSIsNotSkipped(t *testing.T) {
	address := scripted(t, nil)
	err := sender(t, "smtp://"+address+"?starttls=always").Send(t.Context(), message("b@example.com"))
	if err == nil || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("Send = %v, want a transient error: the server offers no STARTTLS", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// scripted is an SMTP server that accepts everything but what answers says; "" drops the connection.
func scripted(t *testing.T, answers map[string]string) string {
	t.Helper()
	listener := listen(t)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		say := func(text string) { _, _ = connection.Write([]byte(text + "\r\n")) }
		say("220 ready")
		inBody := false
		for lines := bufio.NewScanner(connection); lines.Scan(); {
			command, _, _ := strings.Cut(lines.Text(), " ")
			if inBody && command != "." {
				continue
			}
			answer, scripted := answers[command]
			switch {
			case scripted && answer == "":
				return
			case scripted:
				say(answer)
			case command == "EHLO":
				say("250-hello\r\n250 ENHANCEDSTATUSCODES")
			case command == "DATA":
				say("354 go on")
			case command == "QUIT":
				say("221 bye")
				return
			default:
				say("250 ok")
			}
			inBody = command == "DATA"
		}
	}()
	return listener.Addr().String()
}
