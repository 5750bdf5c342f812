// Package token makes and checks the texts that prove something without being stored: the token in a mail, the
// session that a client shows, the fingerprint of a request. All of them follow from one server secret; each purpose
// has a key of its own, so that a token for one purpose is nothing for another.
// The package imports domain, uuid and the standard library.
package token

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"am-user-management/domain"
)

const (
	minSecret  = 32
	keySize    = 32
	idSize     = len(domain.ID{})
	rawSize    = 2*idSize + sha256.Size
	namespace  = "am-user-management/"
	forTokens  = "token/"
	forSession = "session"
	forPrint   = "fingerprint"
)

// ErrInvalid: the text is not one that was issued, for that purpose, by this installation.
var ErrInvalid = errors.New("not a token of ours")

// encoding is strict: a token has one spelling.
var encoding = base64.RawURLEncoding.Strict()

// Tokens makes and checks. It may be used from many goroutines. New makes it.
type Tokens struct{ secret []byte }

// New returns the tokens of a server secret, which has at least 32 bytes. Another secret voids all tokens that are
// out, and nothing else.
func New(secret []byte) (*Tokens, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("the server secret has %d bytes; it needs at least %d", len(secret), minSecret)
	}
	return &Tokens{secret: append([]byte(nil), secret...)}, nil
}

// Key returns the 32-byte key of a label: the same for ever for the same secret.
func (t *Tokens) Key(label string) []byte {
	key, err := hkdf.Key(sha256.New, t.secret, nil, namespace+label, keySize)
	if err != nil {
		return nil // not reachable: 32 bytes are within HKDF's limit, and the secret is long enough
	}
	return key
}

// Issue returns the token that proves that its holder received request, made for user, for this purpose. It is the
// same text each time, 86 characters of the URL alphabet. It holds no time and no use: whether it is still good is
// in the account's state.
func (t *Tokens) Issue(purpose string, user, request domain.ID) string {
	raw := make([]byte, 0, rawSize)
	raw = append(append(raw, user[:]...), request[:]...)
	return encoding.EncodeToString(t.mac(forTokens+purpose, raw, raw))
}

// Parse returns what the token was issued for. It returns ErrInvalid for any text but the exact one that Issue
// returned for this purpose.
func (t *Tokens) Parse(purpose, text string) (user, request domain.ID, err error) {
	if len(text) != encoding.EncodedLen(rawSize) {
		return domain.ID{}, domain.ID{}, ErrInvalid
	}
	raw, err := encoding.DecodeString(text)
	if err != nil || len(raw) != rawSize { // the decoder skips line breaks; then it is too short
		return domain.ID{}, domain.ID{}, ErrInvalid
	}
	named := raw[:2*idSize]
	if !hmac.Equal(raw[2*idSize:], t.mac(forTokens+purpose, nil, named)) {
		return domain.ID{}, domain.ID{}, ErrInvalid
	}
	return domain.ID(named[:idSize]), domain.ID(named[idSize:]), nil
}

// Fingerprint is a keyed hash of the parts, in their order and with their borders, of 22 characters. It tells a
// repeated request from another one without storing either.
func (t *Tokens) Fingerprint(parts ...[]byte) string {
	mac := hmac.New(sha256.New, t.Key(forPrint))
	for _, part := range parts {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write(part)
	}
	return encoding.EncodeToString(mac.Sum(nil)[:16])
}

// FromCommand returns the session that a login command makes for a user: the same text each time, so that a repeated
// login, whose answer was lost, does not make a second session.
func (t *Tokens) FromCommand(command uuid.UUID, user domain.ID) string {
	return encoding.EncodeToString(t.mac(forSession, nil, append(command[:], user[:]...)))
}

// mac appends the HMAC-SHA256 of data under the key of label to dst.
func (t *Tokens) mac(label string, dst, data []byte) []byte {
	mac := hmac.New(sha256.New, t.Key(label))
	mac.Write(data)
	return mac.Sum(dst)
}

// SessionSecret returns a new session of 256 random bits: 43 characters of the URL alphabet.
func SessionSecret() string {
	secret := make([]byte, sha256.Size)
	rand.Read(secret)
	return encoding.EncodeToString(secret)
}

// HashSession returns what is stored of a session: the hex SHA-256 of its text. It returns ErrInvalid for text that
// does not have the shape of a session, so that nothing needs to be looked up for it.
func HashSession(text string) (string, error) {
	if len(text) != encoding.EncodedLen(sha256.Size) {
		return "", ErrInvalid
	}
	if raw, err := encoding.DecodeString(text); err != nil || len(raw) != sha256.Size {
		return "", ErrInvalid
	}
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:]), nil
}
