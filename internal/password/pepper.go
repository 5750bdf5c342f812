package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxPepperID is the most bytes that the PHC format has for the id of a key.
	MaxPepperID = 8
	// MinPepper is the least number of bytes of a pepper's key.
	MinPepper = 32
	// ServerPepperID is the id of the pepper that follows from the server's secret.
	ServerPepperID = "server"
	// ServerPepperLabel is what its key is derived for.
	ServerPepperLabel = "password-pepper"
)

// ErrPepper: the hash was made with a pepper that this program does not have. Nobody can tell whether a password is
// right; it is no wrong password.
var ErrPepper = errors.New("the pepper that a password hash was made with is missing; add it to PASSWORD_PEPPERS again")

// Pepper is a key that is kept apart from the hashes: without it nobody can try passwords at stolen ones.
type Pepper struct {
	// ID stands in each hash that was made with the key.
	ID  string
	Key []byte
}

// peppers are those that hashes were made with, by their ids.
type peppers map[string][]byte

func newPeppers(all []Pepper) (peppers, error) {
	known := peppers{}
	for _, pepper := range all {
		switch {
		case pepper.ID == "" || len(pepper.ID) > MaxPepperID:
			return nil, fmt.Errorf("the id of a pepper must have 1 to %d bytes", MaxPepperID)
		case len(pepper.Key) < MinPepper:
			return nil, fmt.Errorf("pepper %s: the key must have at least %d bytes", pepper.ID, MinPepper)
		case known[pepper.ID] != nil:
			return nil, fmt.Errorf("pepper %s is given twice", pepper.ID)
		}
		known[pepper.ID] = pepper.Key
	}
	return known, nil
}

// season returns what is hashed of a password: its composed form, keyed unless the hash was made without a pepper.
func (p peppers) season(id, plain string) ([]byte, error) {
	composed := norm.NFC.Bytes([]byte(plain))
	if id == "" {
		return composed, nil
	}
	key, ok := p[id]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrPepper, id)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(composed)
	return mac.Sum(nil), nil
}
