package smtpcatcher

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"os"
	"strings"
)

//go:embed page.html
var pageFile embed.FS

// shown is how many mails the list shows.
const shown = 100

// piece is a stretch of a mail's text: words, or a link.
type piece struct {
	Text   string
	IsLink bool
}

// Handler shows the mails under prefix, such as "/dev/mail": the list at prefix itself, one mail at prefix/<name>. Text
// from mails is escaped; HTML of mails is never rendered.
func (c *Catcher) Handler(prefix string) (http.Handler, error) {
	page, err := template.ParseFS(pageFile, "page.html")
	if err != nil {
		return nil, err
	}
	prefix = "/" + strings.Trim(prefix, "/")
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix, func(w http.ResponseWriter, _ *http.Request) {
		mails, err := c.List(shown)
		render(w, page, "list", err, map[string]any{"Prefix": prefix, "Mails": mails})
	})
	mux.HandleFunc("GET "+prefix+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		mail, err := c.Read(r.PathValue("name"))
		render(w, page, "mail", err, map[string]any{"Prefix": prefix, "Mail": mail, "Pieces": pieces(mail.Text)})
	})
	return mux, nil
}

func render(w http.ResponseWriter, page *template.Template, name string, err error, data any) {
	var body bytes.Buffer
	if err == nil {
		err = page.ExecuteTemplate(&body, name, data)
	}
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	switch {
	case errors.Is(err, os.ErrNotExist):
		http.Error(w, "There is no such mail.", http.StatusNotFound)
	case err != nil:
		http.Error(w, "The mails cannot be read.", http.StatusInternalServerError)
	default:
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body.Bytes()) // whoever asked may be gone
	}
}

// pieces splits text at its links.
func pieces(text string) []piece {
	var all []piece
	end := 0
	for _, at := range link.FindAllStringIndex(text, -1) {
		all = append(all, piece{Text: text[end:at[0]]}, piece{Text: text[at[0]:at[1]], IsLink: true})
		end = at[1]
	}
	return append(all, piece{Text: text[end:]})
}
