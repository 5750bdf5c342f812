package mail_test

import (
	"strings"
	"testing"
	"time"

	"am-user-management/internal/mail"
)

func TestVerifyEmailLinksToThePublicURL(t *testing.T) {
	templates, err := mail.NewTemplates("https://accounts.example.com/base")
	if err != nil {
		t.Fatal(err)
	}
	for _, locale := range []string{"en", "xx", "", "../en"} {
		content, err := templates.VerifyEmail(locale, mail.Verification{
			Token: `a+b&c"<`, ExpiresAt: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC),
		})
		if err != nil {
			t.Fatal(err)
		}
		const link = "https://accounts.example.com/base/verify-email?token=a%2Bb%26c%22%3C"
		if !strings.Contains(content.Text, "\n"+link+"\n") || !strings.Contains(content.HTML, `href="`+link+`"`) {
			t.Errorf("%q: the link is missing:\n%s\n%s", locale, content.Text, content.HTML)
		}
		if content.Subject != "Confirm your e-mail address" || !strings.Contains(content.Text, "24 November 2026 09:30 UTC") {
			t.Errorf("%q: subject %q, text:\n%s", locale, content.Subject, content.Text)
		}
	}
}

func TestTemplatesNeedAPublicURL(t *testing.T) {
	if _, err := mail.NewTemplates("/verify"); err == nil {
		t.Error("a link without host leads nowhere")
	}
}
