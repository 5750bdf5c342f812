package codec

import (
	"reflect"
	"strings"

	"am-user-management/domain"
)

var (
	personalType = reflect.TypeFor[domain.Personal]()
	secretType   = reflect.TypeFor[domain.Secret]()
)

// contains reports whether a value of type t can hold one of type wanted.
func contains(t, wanted reflect.Type) bool {
	return search(t, wanted, map[reflect.Type]bool{})
}

func search(t, wanted reflect.Type, seen map[reflect.Type]bool) bool {
	if t == wanted {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return search(t.Elem(), wanted, seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if search(t.Field(i).Type, wanted, seen) {
				return true
			}
		}
	}
	return false
}

// dropsCleared names a field that an encoder would leave out although it says something: a pointer under omitzero is
// left out not only if it is nil but also if what it points to is zero, so that a text that was cleared would be read
// as one that was not changed. "" if there is none.
func dropsCleared(event reflect.Type) string {
	for i := range event.NumField() {
		field := event.Field(i)
		asks := field.Type.Kind() == reflect.Pointer && field.Type.Implements(reflect.TypeFor[interface{ IsZero() bool }]())
		if asks && strings.Contains(field.Tag.Get("json"), "omitzero") {
			return field.Name
		}
	}
	return ""
}
