package codec

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"am-user-management/domain"
	"am-user-management/internal/keyring"
)

// The two documents of an event, so that a sealed field of one does not open in the other.
const (
	inData     = 'd'
	inMetadata = 'm'
)

// sealedText is strict: a sealed field has one spelling.
var sealedText = base64.StdEncoding.Strict()

var (
	errErased    = errors.New("an erased text cannot be stored again")
	errNoSubject = errors.New("personal or secret text of nobody: the subject's id is zero")
	errNoKey     = errors.New("a sealed field, and no key for it in the metadata")
)

// box seals and opens the fields of one event at a time. It carries that event's state because JSON marshalers get
// none; boxes are pooled because the JSON package learns types per set of marshalers.
type box struct {
	stream     string
	event      uuid.UUID
	personal   slot
	credential slot
	moved      map[string]string // today's JSON pointer → the pointer it was sealed at

	place   []byte
	sealed  []byte
	text    []byte
	options json.Options
}

// slot is a key and whether it was used.
type slot struct {
	key  keyring.Key
	used bool
}

func newBox() *box {
	b := &box{}
	b.options = json.JoinOptions(
		json.Deterministic(true),
		json.WithMarshalers(json.JoinMarshalers(
			json.MarshalToFunc(func(enc *jsontext.Encoder, p domain.Personal) error {
				return b.write(enc, &b.personal, p.Text(), p.Erased())
			}),
			json.MarshalToFunc(func(enc *jsontext.Encoder, s domain.Secret) error {
				return b.write(enc, &b.credential, s.Text(), s.Erased())
			}),
		)),
		json.WithUnmarshalers(json.JoinUnmarshalers(
			json.UnmarshalFromFunc(func(dec *jsontext.Decoder, p *domain.Personal) error {
				text, erased, err := b.read(dec, &b.personal)
				if *p = domain.NewPersonal(text); erased {
					*p = domain.ErasedPersonal()
				}
				return err
			}),
			json.UnmarshalFromFunc(func(dec *jsontext.Decoder, s *domain.Secret) error {
				text, erased, err := b.read(dec, &b.credential)
				if *s = domain.NewSecret(text); erased {
					*s = domain.ErasedSecret()
				}
				return err
			}),
		)),
	)
	return b
}

// fill makes the box that of one event.
func (b *box) fill(stream string, event uuid.UUID, personal, credential keyring.Key, moved map[string]string) {
	b.stream, b.event, b.moved = stream, event, moved
	b.personal, b.credential = slot{key: personal}, slot{key: credential}
}

// empty forgets the keys and the text.
func (b *box) empty() {
	b.fill("", uuid.Nil, keyring.Key{}, keyring.Key{}, nil)
	clear(b.text[:cap(b.text)])
}

func (b *box) write(enc *jsontext.Encoder, s *slot, text string, erased bool) error {
	if erased {
		return errErased
	}
	if s.key.ID.IsZero() {
		return errNoSubject
	}
	s.used = true
	sealed, err := b.seal(s.key, inData, string(enc.StackPointer()), text)
	if err != nil {
		return err
	}
	return enc.WriteToken(jsontext.String(sealed))
}

func (b *box) read(dec *jsontext.Decoder, s *slot) (text string, erased bool, err error) {
	pointer := string(dec.StackPointer()) // before the value, as in write: an array's members differ
	raw, err := dec.ReadValue()
	if err != nil {
		return "", false, err
	}
	if raw.Kind() != '"' {
		return "", false, fmt.Errorf("a sealed field is a string: %w", keyring.ErrSealed)
	}
	if origin, ok := b.moved[pointer]; ok {
		pointer = origin
	}
	return b.open(s.key, inData, pointer, raw[1:len(raw)-1])
}

// seal returns the stored form of a text.
func (b *box) seal(key keyring.Key, document byte, pointer, text string) (string, error) {
	b.text = append(b.text[:0], text...)
	sealed, err := key.Seal(b.sealed[:0], b.text, b.at(key.ID, document, pointer))
	if err != nil {
		return "", err
	}
	b.sealed = sealed
	return sealedText.EncodeToString(sealed), nil
}

// open returns the text of a stored form, or that it was erased.
func (b *box) open(key keyring.Key, document byte, pointer string, stored []byte) (string, bool, error) {
	if key.Destroyed {
		return "", true, nil
	}
	if key.ID.IsZero() {
		return "", false, errNoKey
	}
	sealed, err := sealedText.AppendDecode(b.sealed[:0], stored)
	if err != nil {
		return "", false, keyring.ErrSealed
	}
	b.sealed = sealed
	text, err := key.Open(b.text[:0], sealed, b.at(key.ID, document, pointer))
	if err != nil {
		return "", false, err
	}
	b.text = text
	return string(text), false, nil
}

// at is the place that a field is bound to: document, event id, key id, length of the stream's name, the stream's
// name, JSON pointer. No two places have the same bytes.
func (b *box) at(key domain.ID, document byte, pointer string) []byte {
	place := append(b.place[:0], document)
	place = append(place, b.event[:]...)
	place = append(place, key[:]...)
	place = binary.AppendUvarint(place, uint64(len(b.stream)))
	place = append(place, b.stream...)
	b.place = append(place, pointer...)
	return b.place
}
