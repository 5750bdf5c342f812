package domain

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// masked is what a log, a format verb or a stray JSON encoder shows of text that must stay hidden.
const masked = "***"

// errPlain keeps Personal and Secret out of every JSON decoder but the codec's, which decrypts.
var errPlain = errors.New("personal and secret text is decoded by the codec only")

// Personal is text about a person: an address, a name, a phone number, an IP. The codec encrypts it under the key of
// the event's subject before it is stored; when that key is destroyed the text reads as erased. It hides itself from
// logs and from JSON: whoever means to show it says Text.
type Personal struct {
	text   string
	erased bool
}

// NewPersonal marks text as personal.
func NewPersonal(text string) Personal { return Personal{text: text} }

// ErasedPersonal is what remains of a text whose key was destroyed.
func ErasedPersonal() Personal { return Personal{erased: true} }

// Text is the text itself, "" if it was erased.
func (p Personal) Text() string { return p.text }

// Erased reports whether the text was there once and its key was destroyed since.
func (p Personal) Erased() bool { return p.erased }

// IsZero reports whether there is, and was, no text.
func (p Personal) IsZero() bool { return p == Personal{} }

// String hides the text.
func (p Personal) String() string { return masked }

// Format hides the text from every verb of package fmt.
func (p Personal) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, masked) }

// LogValue hides the text.
func (p Personal) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalJSON hides the text from encoders that do not encrypt.
func (p Personal) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// UnmarshalJSON refuses: only the codec reads personal text.
func (p *Personal) UnmarshalJSON([]byte) error { return errPlain }

// Secret is text that proves an identity, such as a password hash. It is encrypted under a key of its own credential,
// which is destroyed when the credential ends, so that an old hash is unreadable for ever.
type Secret struct {
	text   string
	erased bool
}

// NewSecret marks text as secret.
func NewSecret(text string) Secret { return Secret{text: text} }

// ErasedSecret is what remains of a secret whose key was destroyed.
func ErasedSecret() Secret { return Secret{erased: true} }

// Text is the secret itself, "" if it was erased.
func (s Secret) Text() string { return s.text }

// Erased reports whether the secret was there once and its key was destroyed since.
func (s Secret) Erased() bool { return s.erased }

// IsZero reports whether there is, and was, no secret.
func (s Secret) IsZero() bool { return s == Secret{} }

// String hides the secret.
func (s Secret) String() string { return masked }

// Format hides the secret from every verb of package fmt.
func (s Secret) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, masked) }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalJSON hides the secret from encoders that do not encrypt.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// UnmarshalJSON refuses: only the codec reads secrets.
func (s *Secret) UnmarshalJSON([]byte) error { return errPlain }
