package http

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"am-user-management/domain"
)

// mergePatch is what a change of some fields may call itself (RFC 7396).
const mergePatch = "application/merge-patch+json"

const (
	maxBody    = 64 << 10 // bytes
	maxLines   = 16 << 20 // bytes of a body of many lines
	maxNesting = 32       // objects and arrays within each other

	maxFieldName = 100 // bytes of a client's own name that is told back
)

// readBody reads the whole body of a request that must be JSON, or lines of it. It returns errMediaType and errTooLarge,
// also for a body whose length is not announced.
func readBody(w http.ResponseWriter, r *http.Request, lines bool) ([]byte, error) {
	media, limit, wrong, tooLong := "application/json", int64(maxBody), errMediaType, errTooLarge
	if lines {
		media, limit, wrong, tooLong = "application/x-ndjson", maxLines, errLinesType, errTooManyLines
	}
	if !content(r.Header, media) && (r.Method != http.MethodPatch || !content(r.Header, mergePatch)) {
		return nil, wrong
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // nobody reads the rest
		return nil, tooLong
	}
	var buffer bytes.Buffer
	if r.ContentLength > 0 {
		buffer.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, tooLong
	case err != nil:
		return nil, invalid("", "could not be read to its end")
	}
	return buffer.Bytes(), nil
}

// content reports whether a request carries this media type, in UTF-8 and not compressed.
func content(header http.Header, wanted string) bool {
	if len(header["Content-Encoding"]) > 0 || len(header["Content-Type"]) != 1 {
		return false
	}
	text := header["Content-Type"][0]
	if text == wanted {
		return true
	}
	media, parameters, err := mime.ParseMediaType(text)
	charset, given := parameters["charset"]
	return err == nil && media == wanted && (!given || strings.EqualFold(charset, "utf-8"))
}

// Bind decodes a body into a struct, and takes nothing but what the struct has: one JSON object, every name once and
// spelled exactly, strings of valid Unicode without NUL, no more than 32 levels, and nothing after it. Its errors are
// domain.ErrInvalid with the field at fault, in the words of the JSON: "metadata.color".
func Bind(body []byte, into any) error {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return invalid("", "must be a JSON object")
	}
	if nesting(body) > maxNesting {
		return invalid("", "must not be nested more than 32 levels")
	}
	if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true)); err != nil {
		return bindFault(err)
	}
	if bytes.Contains(body, []byte(`\u0000`)) {
		return nulFault(body)
	}
	return nil
}

// invalid is ErrInvalid about one field, or about the body as a whole.
func invalid(field, message string) error {
	if field == "" {
		field = "body"
	}
	return domain.ErrInvalid.WithFields(domain.FieldError{Field: field, Message: message})
}

// bindFault says in the client's words what the decoder found. It never repeats a value: it may be a password.
func bindFault(err error) error {
	var meaning *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		if errors.Is(syntax, jsontext.ErrDuplicateName) {
			return invalid(fieldName(syntax.JSONPointer), "must not be given twice")
		}
		return invalid(fieldName(syntax.JSONPointer), "must be well-formed JSON in UTF-8, with nothing after it")
	case errors.As(err, &meaning):
		if errors.Is(meaning, json.ErrUnknownName) {
			return invalid(fieldName(meaning.JSONPointer), "is not a field of this request")
		}
		return invalid(fieldName(meaning.JSONPointer), "must be "+wanted(meaning.GoType))
	}
	return invalid("", "must be well-formed JSON")
}

// fieldName spells a JSON pointer with dots, as the fields of all other faults are. Names are the client's own words:
// they are cut to a length, and made printable.
func fieldName(pointer jsontext.Pointer) string {
	var name strings.Builder
	for token := range pointer.Tokens() {
		if name.Len() > 0 {
			name.WriteByte('.')
		}
		name.WriteString(token)
	}
	return strings.ToValidUTF8(clean(name.String(), maxFieldName), "")
}

// aTime is what a time has to look like.
const aTime = "a time of the years 1 to 9999, such as 2020-01-31T12:00:00Z"

// instant is a time as every table can keep it, or the zero time for one that JSON cannot write in UTC.
func instant(at time.Time) time.Time {
	at = at.UTC().Truncate(time.Microsecond)
	if at.Year() < 1 || at.Year() > 9999 {
		return time.Time{}
	}
	return at
}

func wanted(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[time.Time]() {
		return aTime
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	default:
		return "of another type"
	}
}

// nesting is how many objects and arrays lie within each other at most. It need not know good JSON from bad.
func nesting(body []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// nulFault finds the string with a NUL, which no table can hold, if the suspicious text is one: \\u0000 is not.
func nulFault(body []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return invalid("", "must be well-formed JSON")
		case token.Kind() == '"' && strings.ContainsRune(token.String(), 0):
			return invalid(fieldName(decoder.StackPointer()), "must not contain NUL")
		}
	}
}

// canonical is the body with its members in order and without blanks, so that two spellings of one request are one.
// Members named as secret are left out. The body was bound before: it is an object.
func canonical(body []byte, secret ...string) ([]byte, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, bindFault(err)
	}
	for _, name := range secret {
		delete(members, name)
	}
	value, err := json.Marshal(members, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	text := jsontext.Value(value)
	err = text.Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
	return text, err
}
