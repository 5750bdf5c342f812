package smtpcatcher

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// Mail is one caught mail. What could not be read of it is empty; Raw is always all of it.
type Mail struct {
	Name      string // of its file
	Received  time.Time
	MessageID string // without the angle brackets
	From      string
	To        []string // of the header
	Subject   string
	Text      string
	HTML      string
	Raw       []byte
}

// link is a web address in a text.
var link = regexp.MustCompile(`https?://[^\s<>"]+`)

// Link is the first web address in the text, "" if there is none.
func (m Mail) Link() string { return link.FindString(m.Text) }

// maxDepth is how deep parts within parts are read.
const maxDepth = 5

func parse(name string, received time.Time, raw []byte) Mail {
	m := Mail{Name: name, Received: received, Raw: raw}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m
	}
	header := message.Header
	m.MessageID = strings.Trim(header.Get("Message-Id"), "<>")
	m.Subject = decodeWord(header.Get("Subject"))
	m.From = decodeWord(header.Get("From"))
	if to, err := header.AddressList("To"); err == nil {
		for _, address := range to {
			m.To = append(m.To, address.Address)
		}
	}
	m.addPart(header.Get("Content-Type"), header.Get("Content-Transfer-Encoding"), message.Body, 0)
	return m
}

// addPart keeps the first text and the first HTML it meets.
func (m *Mail) addPart(contentType, encoding string, body io.Reader, depth int) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") && depth < maxDepth {
		parts := multipart.NewReader(body, params["boundary"])
		for part, err := parts.NextRawPart(); err == nil; part, err = parts.NextRawPart() {
			m.addPart(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1)
		}
		return
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return
	}
	plain := strings.ReplaceAll(string(text), "\r\n", "\n")
	switch {
	case media == "text/plain" && m.Text == "":
		m.Text = plain
	case media == "text/html" && m.HTML == "":
		m.HTML = plain
	}
}

func decodeWord(text string) string {
	if decoded, err := new(mime.WordDecoder).DecodeHeader(text); err == nil {
		return decoded
	}
	return text
}
