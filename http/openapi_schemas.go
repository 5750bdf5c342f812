package http

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"am-user-management/domain"
)

const schemaPrefix = "#/components/schemas/"

// schemas makes JSON schemas of the types that bodies are decoded into and encoded from. What types do not say, the
// vocabulary of the contract does: see words.
type schemas struct {
	registry huma.Registry
	bodies   []string // references of what requests carry
	media    []*huma.MediaType
	rows     []lines
}

func newSchemas() *schemas {
	registry := huma.NewMapRegistry(schemaPrefix, namer())
	// These write and read themselves in ways that reflection does not see.
	registry.RegisterTypeAlias(reflect.TypeFor[domain.ID](), reflect.TypeFor[idText]())
	registry.RegisterTypeAlias(reflect.TypeFor[uuid.UUID](), reflect.TypeFor[idText]())
	registry.RegisterTypeAlias(reflect.TypeFor[patched](), reflect.TypeFor[*string]())
	registry.RegisterTypeAlias(reflect.TypeFor[jsontext.Value](), reflect.TypeFor[json.RawMessage]())
	return &schemas{registry: registry}
}

// idText is how ids look in JSON.
type idText struct{}

// Schema is that of a UUID.
func (idText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
}

// namer names schemas after their types; after their packages, too, where another package's type has the name.
func namer() func(reflect.Type, string) string {
	taken := make(map[string]reflect.Type)
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		if other, found := taken[name]; found && other != t {
			path := t.PkgPath()
			name = strings.ToUpper(path[strings.LastIndexByte(path, '/')+1:][:1]) + path[strings.LastIndexByte(path, '/')+2:] + name
		}
		taken[name] = t
		return name
	}
}

// of is the schema of a value's type: a reference, if it is a struct.
func (d *schemas) of(value any) *huma.Schema {
	return d.registry.Schema(reflect.TypeOf(value), true, "")
}

func (d *schemas) body(value any) *huma.MediaType {
	media := d.answer(value)
	d.bodies = append(d.bodies, media.Schema.Ref)
	return media
}

// lines is a text of which every line is such a body.
func (d *schemas) lines(value any) *huma.MediaType {
	row := d.body(value)
	d.rows = append(d.rows, lines{row, &huma.MediaType{Schema: &huma.Schema{
		Type: huma.TypeString, Description: "Every line is one " + strings.TrimPrefix(row.Schema.Ref, schemaPrefix) + ", as JSON.",
		Extensions: map[string]any{"x-line": row.Schema.Ref},
	}}})
	return d.rows[len(d.rows)-1].whole
}

// lines are a body whose lines are bodies.
type lines struct{ row, whole *huma.MediaType }

func (d *schemas) answer(value any) *huma.MediaType {
	media := &huma.MediaType{Schema: d.of(value)}
	d.media = append(d.media, media)
	return media
}

// finish says about all schemas what only the whole tells: which are of requests, what the fields mean, and examples.
func (d *schemas) finish() error {
	all := d.registry.Map()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		schema := all[name]
		schema.AdditionalProperties = nil // answers may get new fields
		for property, s := range schema.Properties {
			if s.Type == huma.TypeArray {
				s.Nullable = false // lists are written as [], never as null
			}
			lookUp(name, property).limit(s)
		}
	}
	closed := make(map[string]bool)
	for _, ref := range d.bodies {
		d.close(ref, closed)
	}
	for _, media := range d.media {
		media.Example = d.example(media.Schema)
	}
	for _, body := range d.rows {
		line, err := json.Marshal(body.row.Example)
		if err != nil {
			return err
		}
		body.whole.Example = string(line) + "\n"
	}
	return nil
}

// close refuses unknown fields in what a request carries, and in what is within it.
func (d *schemas) close(ref string, closed map[string]bool) {
	schema := d.registry.SchemaFromRef(ref)
	if schema == nil || closed[ref] {
		return
	}
	closed[ref] = true
	schema.AdditionalProperties = false
	for _, property := range schema.Properties {
		d.close(property.Ref, closed)
		if property.Items != nil {
			d.close(property.Items.Ref, closed)
		}
	}
}

// example is a value that the schema allows.
func (d *schemas) example(schema *huma.Schema) any {
	if schema.Ref != "" {
		return d.example(d.registry.SchemaFromRef(schema.Ref))
	}
	if len(schema.Examples) > 0 {
		return schema.Examples[0]
	}
	switch schema.Type {
	case huma.TypeObject:
		object := make(map[string]any, len(schema.Properties))
		for name, property := range schema.Properties {
			object[name] = d.example(property)
		}
		return object
	case huma.TypeArray:
		return []any{d.example(schema.Items)}
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	case huma.TypeBoolean:
		return true
	case huma.TypeString:
		switch schema.Format {
		case "uuid":
			return "6f1f9d3c-7d1c-4f6c-9d58-0f5f8f0e7b11"
		case "date-time":
			return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		}
		return "text"
	}
	return map[string]any{}
}
