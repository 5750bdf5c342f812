package main_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Whatever a request says about the host, mails link to PUBLIC_URL; and a reset goes its whole way: the mail, the new
// password, the notice, the token service, the key of the old hash.
func TestR8AResetGoesItsWayByMailsThatLinkToThePublicURLOnly(t *testing.T) {
	w := newWorld(t, "PUBLIC_URL=https://accounts.example.com/base", "MAIL_FROM=no-reply@example.org")
	p := w.start()
	ada := w.signUp(p, "ada@example.org")
	p.must(t, 202, "POST", "/reset-password", `{"email":"ADA@example.org"}`,
		"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "http", "Forwarded", "host=evil.example")
	mail := w.nextMail(ada.email)
	if strings.Contains(mail.Text+mail.HTML, "evil.example") || !strings.HasPrefix(mail.Link(), "https://accounts.example.com/base/reset-password?token=") {
		t.Errorf("the mail links to %s:\n%s", mail.Link(), mail.Text)
	}
	link, err := url.Parse(mail.Link())
	if err != nil {
		t.Fatal(err)
	}
	before := w.credentialKeys(t)
	p.must(t, 204, "POST", "/reset-password/confirm", fmt.Sprintf(`{"token":%q,"new_password":"another battery staple"}`, link.Query().Get("token")))
	p.must(t, 401, "GET", "/users/me", "", ada.auth()...)
	if notice := w.nextMail(ada.email); notice.Subject != "Your password was changed" || strings.Contains(notice.Text, "token=") {
		t.Errorf("the notice is %q:\n%s", notice.Subject, notice.Text)
	}
	eventually(t, "the token service is told once", func() bool {
		told := 0
		for _, effect := range w.tokens.Effects() {
			if effect.UserID.String() == ada.id && effect.Path == "/internal/v1/tokens/revoke" && effect.Reason == "password_changed" {
				told++
			}
		}
		return told == 1
	})
	eventually(t, "the key of the old hash is destroyed", func() bool { return w.credentialKeys(t) == before+1 })
	p.must(t, 200, "POST", "/login", fmt.Sprintf(`{"email":%q,"password":"another battery staple"}`, ada.email))
}

// credentialKeys counts the destroyed keys.
func (w *world) credentialKeys(t testing.TB) int {
	t.Helper()
	var destroyed int
	if err := w.pool(w.database).QueryRow(t.Context(), `SELECT count(*) FROM keyring.keys WHERE state = 'destroyed'`).Scan(&destroyed); err != nil {
		t.Fatal(err)
	}
	return destroyed
}
