package config

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
)

const masked = "***"

// Secret is a setting that must not be seen: it prints, logs and marshals as ***. Text is the only way out.
type Secret struct{ text string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Text is the secret itself.
func (s Secret) Text() string { return s.text }

// IsSet reports whether there is one.
func (s Secret) IsSet() bool { return s.text != "" }

// String hides the secret.
func (s Secret) String() string { return masked }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return masked }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// UnmarshalText takes text as the secret.
func (s *Secret) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

// KEK is the 32 bytes of KEYRING_KEK. The error does not quote the setting.
func (t Trust) KEK() ([]byte, error) {
	kek, err := base64.StdEncoding.Strict().DecodeString(t.KeyringKEK.text)
	if err != nil {
		return nil, errors.New("must be base64 (standard alphabet, padded)")
	}
	if len(kek) != kekBytes {
		return nil, errors.New("must be base64 of exactly 32 bytes")
	}
	return kek, nil
}

// ServiceKey is the credential of one service that may call the internal listener.
type ServiceKey struct {
	Name string
	Key  Secret
}

// ServiceKeys is the list INTERNAL_API_KEYS.
type ServiceKeys []ServiceKey

var (
	errServiceKeyForm   = errors.New("must be name:key,name:key,… with names of a-z, 0-9, - and _")
	errServiceKeyShort  = errors.New("every key must have at least 16 characters")
	errServiceKeyDouble = errors.New("names and keys must not repeat")
)

// UnmarshalText reads "name:key,name:key". Its errors quote nothing.
func (k *ServiceKeys) UnmarshalText(text []byte) error {
	var keys ServiceKeys
	seen := map[string]bool{}
	for entry := range strings.SplitSeq(string(text), ",") {
		name, key, found := strings.Cut(strings.TrimSpace(entry), ":")
		switch {
		case !found || !isName(name):
			return errServiceKeyForm
		case len(key) < minKeyLength:
			return errServiceKeyShort
		case seen["name "+name] || seen["key "+key]:
			return errServiceKeyDouble
		}
		seen["name "+name], seen["key "+key] = true, true
		keys = append(keys, ServiceKey{Name: name, Key: NewSecret(key)})
	}
	*k = keys
	return nil
}

// isName reports whether text is a plain lower-case name, as of a service or a role.
func isName(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
