package http

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// sealer turns a few bytes into text that only this service can read, or have made: log positions and places in
// lists. It is deterministic: the same bytes are the same text.
type sealer struct {
	mac   []byte
	block cipher.Block
}

const tagSize = 12

func newSealer(key []byte) (*sealer, error) {
	derived := func(label string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(label))
		return mac.Sum(nil)
	}
	block, err := aes.NewCipher(derived("conceal"))
	return &sealer{mac: derived("authenticate"), block: block}, err
}

func (s *sealer) seal(plain []byte) string {
	sealed := append(s.tag(plain), plain...)
	s.conceal(sealed)
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// open returns the size bytes that text was made of. ok is false if text is anything but the exact text of seal.
func (s *sealer) open(text string, size int) (plain []byte, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(tagSize+size) {
		return nil, false
	}
	return s.openAny(text)
}

// openAny is open for any number of bytes.
func (s *sealer) openAny(text string) (plain []byte, ok bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(sealed) < tagSize {
		return nil, false
	}
	s.conceal(sealed)
	return sealed[tagSize:], hmac.Equal(sealed[:tagSize], s.tag(sealed[tagSize:]))
}

func (s *sealer) tag(plain []byte) []byte {
	mac := hmac.New(sha256.New, s.mac)
	mac.Write(plain)
	return mac.Sum(nil)[:tagSize]
}

// conceal encrypts, or decrypts, what follows the tag. The tag is a function of it, so no two texts share a key
// stream (a synthetic IV).
func (s *sealer) conceal(sealed []byte) {
	var iv [aes.BlockSize]byte
	copy(iv[:], sealed[:tagSize])
	cipher.NewCTR(s.block, iv[:]).XORKeyStream(sealed[tagSize:], sealed[tagSize:])
}
