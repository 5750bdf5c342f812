package projections

import (
	"encoding/json"
	"fmt"
	"strings"
)

// column is one column of a table and the field of the row that it holds.
type column[R any] struct {
	name string
	// array is the type of the array parameter that carries the column of many rows, and cast what its elements are
	// turned into, if the database needs that said.
	arrayType, cast string
	target          func(*R) any
	array           func([]*R) (any, error)
}

// plain is a column whose field pgx can send and receive as it is.
func plain[R, V any](name, sqlType string, field func(*R) *V) column[R] {
	return column[R]{
		name: name, arrayType: sqlType + "[]",
		target: func(row *R) any { return field(row) },
		array: func(rows []*R) (any, error) {
			values := make([]V, len(rows))
			for i, row := range rows {
				values[i] = *field(row)
			}
			return values, nil
		},
	}
}

// list is a column of type text[]. Arrays of arrays must not differ in length, so each row's list travels as text.
func list[R any](name string, field func(*R) *[]string) column[R] {
	return column[R]{
		name: name, arrayType: "text[]", cast: "::text[]",
		target: func(row *R) any { return field(row) },
		array: func(rows []*R) (any, error) {
			values := make([]string, len(rows))
			for i, row := range rows {
				values[i] = arrayLiteral(*field(row))
			}
			return values, nil
		},
	}
}

// document is a column of type jsonb.
func document[R, V any](name string, field func(*R) *V) column[R] {
	return column[R]{
		name: name, arrayType: "text[]", cast: "::jsonb",
		target: func(row *R) any { return field(row) },
		array: func(rows []*R) (any, error) {
			values := make([]string, len(rows))
			for i, row := range rows {
				text, err := json.Marshal(*field(row))
				if err != nil {
					return nil, fmt.Errorf("column %s: %w", name, err)
				}
				values[i] = string(text)
			}
			return values, nil
		},
	}
}

// arrayLiteral is a text[] in the database's own text form.
func arrayLiteral(elements []string) string {
	var text strings.Builder
	text.WriteByte('{')
	for i, element := range elements {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteByte('"')
		for _, r := range element {
			if r == '"' || r == '\\' {
				text.WriteByte('\\')
			}
			text.WriteRune(r)
		}
		text.WriteByte('"')
	}
	text.WriteByte('}')
	return text.String()
}

// statements are the two statements of a table. Names are unqualified: the search_path says which version of the table
// is meant.
type statements struct{ load, upsert string }

// prepare writes the statements of a table. Rows are written in the order of their keys: the projector and commands may
// write many of the same rows at once, and must not wait for each other in a circle.
func prepare[R any](name string, g guard, columns []column[R]) statements {
	key := columns[0].name
	var names, params, values, updates []string
	for i, c := range columns {
		names = append(names, c.name)
		params = append(params, fmt.Sprintf("$%d::%s", i+1, c.arrayType))
		values = append(values, "n."+c.name+c.cast)
		if i > 0 {
			updates = append(updates, c.name+" = excluded."+c.name)
		}
	}
	all := strings.Join(names, ", ")
	return statements{
		load: fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s = ANY($1)", key, all, name, key),
		upsert: fmt.Sprintf("INSERT INTO %s AS t (%s) SELECT %s FROM unnest(%s) AS n (%s) ORDER BY n.%s ON CONFLICT (%s) DO UPDATE SET %s WHERE t.%s < excluded.%s",
			name, all, strings.Join(values, ", "), strings.Join(params, ", "), all, key, key, strings.Join(updates, ", "), g, g),
	}
}
