package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
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
// and "text") and <name>.html. It is safe for concurrent use.
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

// Letter is what a mail tells. Nothing in it was written by a user.
type Letter struct {
	// Name is that of the template.
	Name string
	// Page is the page of ours that the mail links to, "" for none.
	Page string
	// Token is what the link carries, good until ExpiresAt; "" for none.
	Token     string
	ExpiresAt time.Time
	// At is when it happened.
	At time.Time
}

// errNoTemplate: there is no mail of that name.
var errNoTemplate = errors.New("there is no such mail")

// Write is the mail in words, in the locale or the nearest one that there are words in: "de-AT" is "de", and an
// unknown one is DefaultLocale.
func (t *Templates) Write(locale string, l Letter) (Content, error) {
	data := map[string]string{"Host": t.base.Host, "At": moment(l.At)}
	if l.Page != "" {
		data["Link"] = t.link(l.Page, l.Token)
	}
	if l.Token != "" {
		data["ExpiresAt"] = moment(l.ExpiresAt)
	}
	language, _, _ := strings.Cut(locale, "-")
	for _, candidate := range []string{locale, language, DefaultLocale} {
		if key := candidate + "/" + l.Name; t.texts[key] != nil {
			return t.render(key, data)
		}
	}
	return Content{}, fmt.Errorf("%w: %q", errNoTemplate, l.Name)
}

func moment(at time.Time) string { return at.UTC().Format("2 January 2006 15:04 UTC") }

// link is a page of ours, with a token if there is one.
func (t *Templates) link(page, token string) string {
	target := t.base.JoinPath(page)
	if token != "" {
		target.RawQuery = url.Values{"token": {token}}.Encode()
	}
	return target.String()
}

func (t *Templates) render(key string, data map[string]string) (Content, error) {
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
