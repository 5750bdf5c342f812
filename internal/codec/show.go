package codec

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"am-user-management/domain"
)

// Show is the JSON of an event for readers who may see personal text: that stands in the clear, and is null once it was
// erased. Secrets stay hidden. It is never what is stored.
func Show(event domain.Event) ([]byte, error) {
	return json.Marshal(event, json.Deterministic(true), json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, p domain.Personal) error {
			if p.Erased() {
				return enc.WriteToken(jsontext.Null)
			}
			return enc.WriteToken(jsontext.String(p.Text()))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, s domain.Secret) error {
			return enc.WriteToken(jsontext.String(s.String()))
		}),
	)))
}
