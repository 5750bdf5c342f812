package config

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
)

// Pepper is a key that password hashes are made with.
type Pepper struct {
	ID  string
	Key []byte
}

// Peppers is the list PASSWORD_PEPPERS: the first one is for new hashes. It prints, logs and marshals as ***.
type Peppers []Pepper

const (
	maxPepperID = 8
	minPepper   = 32
	// serverPepper is the id of the one that follows from SERVER_SECRET.
	serverPepper = "server"
)

var (
	errPepperForm   = errors.New("must be id:base64,id:base64,… with ids of 1 to 8 of a-z, 0-9, - and _ other than server")
	errPepperShort  = errors.New("every pepper must be base64 of at least 32 bytes")
	errPepperDouble = errors.New("ids must not repeat")
)

// String hides the keys.
func (p Peppers) String() string { return masked }

// GoString hides the keys from %#v.
func (p Peppers) GoString() string { return masked }

// LogValue hides the keys.
func (p Peppers) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText hides the keys from encoders.
func (p Peppers) MarshalText() ([]byte, error) { return []byte(masked), nil }

// UnmarshalText reads "id:base64,id:base64". Its errors quote nothing.
func (p *Peppers) UnmarshalText(text []byte) error {
	var peppers Peppers
	seen := map[string]bool{}
	for entry := range strings.SplitSeq(string(text), ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found || !isName(id) || len(id) > maxPepperID || id == serverPepper {
			return errPepperForm
		}
		key, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if err != nil || len(key) < minPepper {
			return errPepperShort
		}
		if seen[id] {
			return errPepperDouble
		}
		seen[id] = true
		peppers = append(peppers, Pepper{ID: id, Key: key})
	}
	*p = peppers
	return nil
}
