package domain

import (
	"encoding/hex"
	"fmt"
)

// ID is a UUID (RFC 9562) in its 16 bytes. Modules give it names of their own. The zero ID means "none".
type ID [16]byte

// ParseID reads the hyphenated text form, in either case. Any other text is an error.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return ID{}, fmt.Errorf("%q is not a UUID", text)
	}
	digits := text[0:8] + text[9:13] + text[14:18] + text[19:23] + text[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, fmt.Errorf("%q is not a UUID", text)
	}
	return id, nil
}

// IsZero reports whether the id is "none".
func (id ID) IsZero() bool { return id == ID{} }

// String is the hyphenated lower-case form.
func (id ID) String() string {
	var text [36]byte
	id.encode(text[:])
	return string(text[:])
}

// MarshalText is String, for JSON.
func (id ID) MarshalText() ([]byte, error) {
	text := make([]byte, 36)
	id.encode(text)
	return text, nil
}

// UnmarshalText is ParseID, for JSON; the empty text is the zero ID.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

func (id ID) encode(text []byte) {
	hex.Encode(text[0:8], id[0:4])
	text[8] = '-'
	hex.Encode(text[9:13], id[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], id[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], id[8:10])
	text[23] = '-'
	hex.Encode(text[24:36], id[10:16])
}
