package codec

import (
	"fmt"
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

// storedType is the type that an event is written as: the same fields, under tags that leave out a pointer only if it
// is nil. The JSON package asks what is behind a pointer whether it is zero, if it has a method for that; so under
// omitzero it would leave out a pointer to an empty text, which means "cleared" and would be read as "not changed".
func storedType(event reflect.Type) (reflect.Type, error) {
	fields := make([]reflect.StructField, event.NumField())
	changed := false
	for i := range fields {
		fields[i] = event.Field(i)
		if t := fields[i].Type; t.Kind() == reflect.Pointer && t.Implements(reflect.TypeFor[interface{ IsZero() bool }]()) {
			tag := strings.Replace(string(fields[i].Tag), "omitzero", "omitempty", 1)
			changed = changed || tag != string(fields[i].Tag)
			fields[i].Tag = reflect.StructTag(tag)
		}
	}
	if !changed {
		return event, nil
	}
	for _, field := range fields {
		if !field.IsExported() || field.Anonymous {
			return nil, fmt.Errorf("a pointer under omitzero needs an event of plain fields, and %s is not", field.Name)
		}
	}
	return reflect.StructOf(fields), nil
}
