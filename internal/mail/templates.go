package mail

import (
	"bytes"
	"embed"
	"errors"
	html "html/template"
	"net/url"
	"strings"
	text "text/template"
	"time"
)

//go:embed templates
var files embed.FS

// DefaultLocale is what a mail is written in when there is no translation.
const DefaultLocale = "en"

// Templates renders mails. A new mail is two files per locale, templates/<locale>/<name>.txt (which defines "subject"
// and "text") and <name>.html, and one method. It is safe for concurrent use.
type Templates struct {
	base  *url.URL
	texts map[string]*text.Template // by <locale>/<name>
	htmls map[string]*html.Template
}

// NewTemplates reads the embedded templates. Every link in a mail starts with publicURL.
func NewTemplates(publicURL string) (*Templates, error) {
	base, err := url.Parse(publicURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("the public URL is not a URL")
	}
	t := &Templates{base: base, texts: map[string]*text.Template{}, htmls: map[string]*html.Template{}}
	locales, err := files.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	for _, locale := range locales {
		if err := t.read(locale.Name()); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Templates) read(locale string) error {
	folder := "templates/" + locale + "/"
	entries, err := files.ReadDir("templates/" + locale)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, isText := strings.CutSuffix(entry.Name(), ".txt")
		if !isText {
			continue
		}
		key := locale + "/" + name
		if t.texts[key], err = text.New(name).Option("missingkey=error").ParseFS(files, folder+name+".txt"); err != nil {
			return err
		}
		if t.htmls[key], err = html.New(name+".html").Option("missingkey=error").ParseFS(files, folder+name+".html"); err != nil {
			return err
		}
	}
	return nil
}

// Verification is what the mail that asks to confirm an address tells.
type Verification struct {
	Token     string
	ExpiresAt time.Time
}

// VerifyEmail is the mail that asks to confirm an address. An unknown locale falls back to DefaultLocale.
func (t *Templates) VerifyEmail(locale string, v Verification) (Content, error) {
	return t.render(locale, "verify_email", map[string]string{
		"Link":      t.link("verify-email", v.Token),
		"ExpiresAt": v.ExpiresAt.UTC().Format("2 January 2006 15:04 UTC"),
		"Host":      t.base.Host,
	})
}

// link is a page of ours with a token.
func (t *Templates) link(page, token string) string {
	target := t.base.JoinPath(page)
	target.RawQuery = url.Values{"token": {token}}.Encode()
	return target.String()
}

func (t *Templates) render(locale, name string, data map[string]string) (Content, error) {
	key := locale + "/" + name
	if t.texts[key] == nil {
		key = DefaultLocale + "/" + name
	}
	var subject, plain, rich bytes.Buffer
	err := errors.Join(
		t.texts[key].ExecuteTemplate(&subject, "subject", data),
		t.texts[key].ExecuteTemplate(&plain, "text", data),
		t.htmls[key].Execute(&rich, data),
	)
	if err != nil {
		return Content{}, err
	}
	return Content{Subject: strings.TrimSpace(subject.String()), Text: strings.TrimLeft(plain.String(), "\n"), HTML: rich.String()}, nil
}
