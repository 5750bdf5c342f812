package password

import (
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Hashes of bcrypt come from other systems. They are verified, within these costs, and made anew at the next login; we make
// none: bcrypt takes little memory and no more than 72 bytes of a password.
const (
	minBcryptCost = 4
	maxBcryptCost = 14
)

func isBcrypt(text string) bool {
	return strings.HasPrefix(text, "$2a$") || strings.HasPrefix(text, "$2b$") || strings.HasPrefix(text, "$2y$")
}

// checkBcrypt returns ErrFormat for what is no bcrypt hash or costs too much.
func checkBcrypt(text string) error {
	cost, err := bcrypt.Cost([]byte(text))
	const salted = len("$2a$10$") + 22 + 31
	if err != nil || len(text) != salted || cost < minBcryptCost || cost > maxBcryptCost ||
		strings.Trim(text[len("$2a$10$"):], bcryptAlphabet) != "" {
		return ErrFormat
	}
	return nil
}

const bcryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// verifyBcrypt compares the password as it was received: the system that made the hash did not compose it.
func verifyBcrypt(text, plain string) (bool, error) {
	err := bcrypt.CompareHashAndPassword([]byte(text), []byte(plain))
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	return err == nil, err
}

// Importable returns nil for a hash that another system made and that Verify can prove: argon2id without a pepper, in the
// PHC format, or bcrypt. It returns ErrFormat for any other text, and for a hash that is too dear to prove.
func Importable(text string) error {
	if isBcrypt(text) {
		return checkBcrypt(text)
	}
	made, err := parse(text)
	if err != nil || made.pepper != "" {
		return ErrFormat
	}
	return nil
}
