package smtpcatcher_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"am-user-management/internal/smtpcatcher"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func start(t *testing.T, options smtpcatcher.Options) *smtpcatcher.Catcher {
	t.Helper()
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	if options.Now == nil {
		options.Now = func() time.Time { return noon }
	}
	catcher, err := smtpcatcher.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := catcher.Close(); err != nil {
			t.Error(err)
		}
	})
	return catcher
}

func send(t *testing.T, catcher *smtpcatcher.Catcher, to, subject, text string) error {
	t.Helper()
	body := "From: a@example.com\r\nTo: " + to + "\r\nSubject: " + subject + "\r\n\r\n" + text + "\r\n"
	return smtp.SendMail(catcher.Addr(), nil, "a@example.com", []string{to}, []byte(body))
}

func TestMailIsOnDiskWhenItIsAccepted(t *testing.T) {
	dir := t.TempDir()
	catcher := start(t, smtpcatcher.Options{Dir: dir})
	if err := send(t, catcher, "b@example.com", "Hello", "See https://example.com/x?token=1 now"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "20261123T120000.000000000Z-000000.eml" {
		t.Fatalf("folder = %v, %v", entries, err)
	}
	mail, err := catcher.Read(entries[0].Name())
	if err != nil || mail.Subject != "Hello" || mail.To[0] != "b@example.com" || mail.Link() != "https://example.com/x?token=1" {
		t.Errorf("mail = %+v, %v", mail, err)
	}
}

func TestListIsNewestFirstAlsoAfterARestart(t *testing.T) {
	dir := t.TempDir()
	first, err := smtpcatcher.Start(smtpcatcher.Options{Dir: dir, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"one", "two"} {
		if err := send(t, first, "b@example.com", subject, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, smtpcatcher.Options{Dir: dir})
	if err := send(t, second, "b@example.com", "three", "x"); err != nil {
		t.Fatal(err)
	}
	mails, err := second.List(10)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, mail := range mails {
		subjects = append(subjects, mail.Subject)
	}
	if strings.Join(subjects, " ") != "three two one" {
		t.Errorf("subjects = %v", subjects)
	}
}

func TestWaitReturnsEachMailOnce(t *testing.T) {
	catcher := start(t, smtpcatcher.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var wait sync.WaitGroup
	found := make(chan string, 2)
	for range 2 {
		wait.Go(func() {
			mail, err := catcher.Wait(ctx, "b@example.com")
			if err != nil {
				t.Error(err)
			}
			found <- mail.Subject
		})
	}
	for _, to := range []string{"other@example.com", "b@example.com", "b@example.com"} {
		if err := send(t, catcher, to, to, "x"); err != nil {
			t.Fatal(err)
		}
	}
	wait.Wait()
	if a, b := <-found, <-found; a != "b@example.com" || b != "b@example.com" {
		t.Errorf("got the mails to %s and %s", a, b)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	if _, err := catcher.Wait(over, "b@example.com"); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want the context's error: both mails were handed out", err)
	}
}

func TestLargeMailIsRefused(t *testing.T) {
	catcher := start(t, smtpcatcher.Options{MaxBytes: 1000})
	if err := send(t, catcher, "b@example.com", "big", strings.Repeat("x\r\n", 1000)); err == nil {
		t.Error("a mail above the limit was accepted")
	}
	if mails, err := catcher.List(10); err != nil || len(mails) != 0 {
		t.Errorf("List = %v, %v", mails, err)
	}
}

func TestOldestMailsGo(t *testing.T) {
	catcher := start(t, smtpcatcher.Options{Keep: 2})
	for _, subject := range []string{"one", "two", "three"} {
		if err := send(t, catcher, "b@example.com", subject, "x"); err != nil {
			t.Fatal(err)
		}
	}
	mails, err := catcher.List(10)
	if err != nil || len(mails) != 2 || mails[1].Subject != "two" {
		t.Errorf("List = %v, %v", mails, err)
	}
}

func TestReadLeavesTheFolderAlone(t *testing.T) {
	catcher := start(t, smtpcatcher.Options{})
	for _, name := range []string{"../catcher.go", "catcher.go", "", "20261123T120000.000000000Z-/../x.eml"} {
		if _, err := catcher.Read(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Read(%q) = %v, want os.ErrNotExist", name, err)
		}
	}
}

func TestPageEscapesMailsAndLinksLinks(t *testing.T) {
	catcher := start(t, smtpcatcher.Options{})
	if err := send(t, catcher, "b@example.com", "<script>alert(1)</script>", "<b>x</b> https://example.com/?a=1&b=2 javascript:alert(2)"); err != nil {
		t.Fatal(err)
	}
	handler, err := catcher.Handler("/dev/mail")
	if err != nil {
		t.Fatal(err)
	}
	mails, err := catcher.List(1)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/dev/mail":                  {"b@example.com", `href="/dev/mail/` + mails[0].Name, "&lt;script&gt;"},
		"/dev/mail/" + mails[0].Name: {`<a href="https://example.com/?a=1&amp;b=2"`, "&lt;b&gt;x", "&lt;script&gt;", " javascript:alert(2)"},
	} {
		status, body := get(t, handler, path)
		if status != http.StatusOK || strings.Contains(body, "<script>") || strings.Contains(body, `href="javascript`) {
			t.Errorf("%s = %d %s", path, status, body)
		}
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s lacks %q:\n%s", path, part, body)
			}
		}
	}
	if status, _ := get(t, handler, "/dev/mail/none"); status != http.StatusNotFound {
		t.Errorf("unknown mail = %d", status)
	}
}

func get(t *testing.T, handler http.Handler, path string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Code, string(body)
}
