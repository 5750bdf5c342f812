package codec

import (
	"reflect"

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
