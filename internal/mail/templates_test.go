package mail_test

import (
	"strings"
	"testing"
	"time"

	"am-user-management/internal/mail"
)

var (
	letterAt  = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	expiresAt = letterAt.Add(24 * time.Hour)
)

func templates(t *testing.T) *mail.Templates {
	t.Helper()
	templates, err := mail.NewTemplates("https://accounts.example.com/base")
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

// Every mail: what it is called, what its link leads to, and what it must say.
func TestWhatMailsSay(t *testing.T) {
	const token = `a+b&c"<`
	for name, c := range map[string]struct{ subject, page, says string }{
		"verify_email":         {"Confirm your e-mail address", "verify-email", "without the confirmation nobody can sign in"},
		"reset_password":       {"Choose a new password", "reset-password", "your password stays as it is"},
		"password_changed":     {"Your password was changed", "", "was changed on 23 November 2026 09:30 UTC"},
		"existing_account":     {"You have an account already", "", "no new one was made"},
		"email_change_confirm": {"Confirm your new e-mail address", "verify-email", "without the confirmation nothing changes"},
		"email_change_notice":  {"Your e-mail address is about to change", "", "on 23 November 2026 09:30 UTC"},
		"email_changed":        {"Your e-mail address was changed", "", "tell whoever runs the service"},
	} {
		t.Run(name, func(t *testing.T) {
			letter := mail.Letter{Name: name, Page: c.page, At: letterAt}
			if c.page != "" {
				letter.Token, letter.ExpiresAt = token, expiresAt
			}
			content, err := templates(t).Write("en", letter)
			if err != nil {
				t.Fatal(err)
			}
			if content.Subject != c.subject {
				t.Errorf("subject %q", content.Subject)
			}
			for _, text := range []string{content.Text, content.HTML} {
				flat := strings.Join(strings.Fields(text), " ")
				if !strings.Contains(flat, c.says) || !strings.Contains(flat, "accounts.example.com") {
					t.Errorf("it does not say %q:\n%s", c.says, text)
				}
				if strings.Contains(text, "{{") || strings.Contains(text, "no value") || strings.Contains(text, token) {
					t.Errorf("something is not filled in:\n%s", text)
				}
			}
			if c.page == "" {
				if strings.Contains(content.Text+content.HTML, "://") {
					t.Errorf("a mail that asks for nothing has a link:\n%s\n%s", content.Text, content.HTML)
				}
				return
			}
			link := "https://accounts.example.com/base/" + c.page + "?token=a%2Bb%26c%22%3C"
			if !strings.Contains(content.Text, "\n"+link+"\n") || !strings.Contains(content.HTML, `href="`+link+`"`) ||
				!strings.Contains(content.Text, "24 November 2026 09:30 UTC") {
				t.Errorf("the link or its end is missing:\n%s\n%s", content.Text, content.HTML)
			}
		})
	}
}

func TestAMailFallsBackToALocaleThatItIsWrittenIn(t *testing.T) {
	for _, locale := range []string{"en", "en-GB", "xx", "", "../en"} {
		content, err := templates(t).Write(locale, mail.Letter{Name: "password_changed", At: letterAt})
		if err != nil || content.Subject != "Your password was changed" {
			t.Errorf("%q: %q, %v", locale, content.Subject, err)
		}
	}
	if _, err := templates(t).Write("en", mail.Letter{Name: "../en/verify_email"}); err == nil {
		t.Error("a mail was written that does not exist")
	}
}

func TestTemplatesNeedAPublicURL(t *testing.T) {
	if _, err := mail.NewTemplates("/verify"); err == nil {
		t.Error("a link without host leads nowhere")
	}
}
