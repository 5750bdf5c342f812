package codec

import (
	"reflect"
	"strings"
	"time"

	"am-user-management/domain"
)

// layout is how to read the events of one type without the JSON package: three times as fast, and most of what a rebuild
// does. A nil layout reads nothing.
type layout []placed

// placed is one field of an event.
type placed struct {
	name    string
	pointer string // JSON pointer
	index   int
	set     func(b *box, s *scanner, pointer string, field reflect.Value) bool
}

// layoutOf returns nil for types with a field that is not plain.
func layoutOf(t reflect.Type) layout {
	if t.NumField() > 64 {
		return nil
	}
	fields := make(layout, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		set := setterFor(f.Type)
		plain := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
		if set == nil || !plain || f.Anonymous || !f.IsExported() || options != "" && options != "omitzero" && options != "omitempty" {
			return nil
		}
		fields = append(fields, placed{name: name, pointer: "/" + name, index: i, set: set})
	}
	return fields
}

// read fills the event, a zero value, and reports whether it understood all of the data. If it did not, the event is
// of no use.
func (l layout) read(b *box, data []byte, event reflect.Value) bool {
	if l == nil {
		return false
	}
	s := scanner{text: data}
	members := s.object()
	var seen uint64
	at := 0 // fields come in the order of the layout; some are left out
	for name, more := members.next(); more; name, more = members.next() {
		for ; at < len(l) && l[at].name != string(name); at++ {
		}
		if at == len(l) || seen&(1<<at) != 0 || !l[at].set(b, &s, l[at].pointer, event.Field(l[at].index)) {
			return false
		}
		seen |= 1 << at
	}
	return members.ok && s.at == len(data)
}

// setterFor returns nil for a type that is not plain. What a setter refuses, the JSON package judges.
func setterFor(t reflect.Type) func(*box, *scanner, string, reflect.Value) bool {
	switch t {
	case personalType:
		return func(b *box, s *scanner, pointer string, field reflect.Value) bool {
			text, erased, ok := b.scan(s, &b.personal, pointer)
			if target := field.Addr().Interface().(*domain.Personal); erased {
				*target = domain.ErasedPersonal()
			} else {
				*target = domain.NewPersonal(text)
			}
			return ok
		}
	case secretType:
		return func(b *box, s *scanner, pointer string, field reflect.Value) bool {
			text, erased, ok := b.scan(s, &b.credential, pointer)
			if target := field.Addr().Interface().(*domain.Secret); erased {
				*target = domain.ErasedSecret()
			} else {
				*target = domain.NewSecret(text)
			}
			return ok
		}
	case reflect.TypeFor[domain.ID]():
		return func(_ *box, s *scanner, _ string, field reflect.Value) bool {
			return s.id((*[16]byte)(field.Addr().Interface().(*domain.ID)))
		}
	case reflect.TypeFor[time.Time]():
		return func(_ *box, s *scanner, _ string, field reflect.Value) bool {
			text, ok := s.str()
			return ok && utc(text) && field.Addr().Interface().(*time.Time).UnmarshalText(text) == nil
		}
	}
	if hasOwnJSON(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(_ *box, s *scanner, _ string, field reflect.Value) bool {
			text, ok := s.str()
			field.SetString(string(text))
			return ok
		}
	case reflect.Bool:
		return func(_ *box, s *scanner, _ string, field reflect.Value) bool {
			field.SetBool(s.word("true"))
			return field.Bool() || s.word("false")
		}
	case reflect.Int, reflect.Int64:
		return func(_ *box, s *scanner, _ string, field reflect.Value) bool {
			n, ok := s.integer()
			field.SetInt(n)
			return ok && field.Int() == n
		}
	case reflect.Pointer:
		set := setterFor(t.Elem())
		if set == nil || t.Elem().Kind() == reflect.Pointer {
			return nil
		}
		return func(b *box, s *scanner, pointer string, field reflect.Value) bool {
			field.Set(reflect.New(t.Elem()))
			return set(b, s, pointer, field.Elem())
		}
	}
	return nil
}

// utc reports whether a time has the shape 2006-01-02T15:04:05Z, with a fraction or without. The time package is more
// lenient than RFC 3339.
func utc(text []byte) bool {
	return len(text) >= 20 && text[10] == 'T' && text[13] == ':' && text[16] == ':' &&
		(text[19] == '.' || text[19] == 'Z') && text[len(text)-1] == 'Z'
}

// hasOwnJSON reports whether the JSON package would ask the type itself.
func hasOwnJSON(t reflect.Type) bool {
	for _, method := range []string{"UnmarshalText", "UnmarshalJSON", "UnmarshalJSONFrom"} {
		if _, ok := reflect.PointerTo(t).MethodByName(method); ok && t.Kind() != reflect.Pointer {
			return true
		}
	}
	return t == reflect.TypeFor[time.Duration]()
}

// scan is read for the scanner.
func (b *box) scan(s *scanner, slot *slot, pointer string) (text string, erased, ok bool) {
	stored, ok := s.str()
	if !ok {
		return "", false, false
	}
	if origin, moved := b.moved[pointer]; moved {
		pointer = origin
	}
	text, erased, err := b.open(slot.key, inData, pointer, stored)
	return text, erased, err == nil
}
