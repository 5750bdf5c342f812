package http

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"am-user-management/domain"
)

// patched is a text in a merge patch. Its zero value is "absent"; null and "" are the empty text, which clears.
type patched struct {
	present bool
	text    string
}

// UnmarshalJSONFrom reads a string or null.
func (p *patched) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	p.present = true
	return json.UnmarshalDecode(decoder, &p.text)
}

// plain is nil if the text is absent.
func (p patched) plain() *string {
	if !p.present {
		return nil
	}
	return &p.text
}

// personal is plain for text about a person.
func (p patched) personal() *domain.Personal {
	if !p.present {
		return nil
	}
	text := domain.NewPersonal(p.text)
	return &text
}
