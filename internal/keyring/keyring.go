// Package keyring holds the keys that personal and secret text is encrypted with: one random key per person and one
// per credential, so that destroying a key erases that text from a history which itself is never changed. Ring keeps
// them in Postgres, in a schema of its own that must be backed up apart from the rest; Memory keeps them nowhere.
// Both pass the suite in keyringtest. It imports domain, uuid, pgx, goose and an LRU cache.
package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"am-user-management/domain"
)

// secretSize is the length of a key in bytes (AES-256).
const secretSize = 32

// The outcomes that a caller can act upon; compare with errors.Is.
var (
	// ErrDestroyed: a subject's key was destroyed. Nothing can be encrypted for that subject ever again.
	ErrDestroyed = errors.New("the subject's key was destroyed")
	// ErrUnknownKey: no such key, not even a destroyed one. The ring lost it, or it is another installation's ring.
	ErrUnknownKey = errors.New("the key is not in the key ring")
	// ErrWrongKEK: the ring is wrapped by another key-encryption key.
	ErrWrongKEK = errors.New("the key ring belongs to another key-encryption key")
	// ErrSealed: a sealed text was altered, moved, or made with another key.
	ErrSealed = errors.New("the sealed text does not fit its key and its place")
)

// UnknownKeyError names the key that is not in the ring. It is ErrUnknownKey.
type UnknownKeyError struct{ ID domain.ID }

// Error names the key.
func (e *UnknownKeyError) Error() string { return ErrUnknownKey.Error() + ": " + e.ID.String() }

// Is reports whether target is ErrUnknownKey.
func (e *UnknownKeyError) Is(target error) bool { return target == ErrUnknownKey }

// Key encrypts and decrypts the text of one subject. It may be used from many goroutines. A destroyed key has an id
// and nothing else.
type Key struct {
	ID        domain.ID
	Destroyed bool
	aead      cipher.AEAD
}

// NewKey makes a key of 32 secret bytes, which are not kept.
func NewKey(id domain.ID, secret []byte) (Key, error) {
	if len(secret) != secretSize {
		return Key{}, fmt.Errorf("a key has %d bytes, not %d", secretSize, len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return Key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Key{}, err
	}
	return Key{ID: id, aead: aead}, nil
}

// Seal appends the encrypted text to dst: nonce, ciphertext, tag. The place is not stored; Open needs the same one.
// Of a destroyed key it returns ErrDestroyed.
func (k Key) Seal(dst, text, place []byte) ([]byte, error) {
	if k.aead == nil {
		return nil, ErrDestroyed
	}
	return k.aead.Seal(dst, nil, text, place), nil //nolint:gosec // this AEAD draws the nonce itself and takes none
}

// Open appends the text to dst. It returns ErrSealed for anything that Seal did not make with this key at this place,
// and ErrDestroyed of a destroyed key.
func (k Key) Open(dst, sealed, place []byte) ([]byte, error) {
	if k.aead == nil {
		return nil, ErrDestroyed
	}
	text, err := k.aead.Open(dst, nil, sealed, place)
	if err != nil {
		return nil, ErrSealed
	}
	return text, nil
}
