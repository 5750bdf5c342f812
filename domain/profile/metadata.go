package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"am-user-management/domain"
)

// clearsMetadata is the patch that leaves nothing.
const clearsMetadata = "null"

// errNotJSON is a text that is not exactly one JSON value.
var errNotJSON = errors.New("must be JSON")

// MergeMetadata applies the JSON text of a merge patch (RFC 7396) to the text of a JSON object. It is the one fold of
// metadata, for the state and for read models. Keys come out sorted, numbers as they were written, and the empty
// object as no text. What cannot be read any more, because its key was destroyed, makes the result erased, unless the
// patch clears everything. A patch without text changes nothing.
func MergeMetadata(metadata, patch domain.Personal) domain.Personal {
	switch {
	case patch.Text() == clearsMetadata:
		return domain.Personal{}
	case metadata.Erased() || patch.Erased():
		return domain.ErasedPersonal()
	case patch.IsZero():
		return metadata
	}
	change, err := parse([]byte(patch.Text()))
	if err != nil {
		return metadata // never stored: patchMetadata refuses it
	}
	present, err := parse([]byte(metadata.Text()))
	if err != nil {
		present = nil // no metadata yet
	}
	return text(merge(present, change))
}

// merge is MergePatch of RFC 7396, section 2. Neither argument is changed.
func merge(target, patch any) any {
	change, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result := make(map[string]any)
	if present, ok := target.(map[string]any); ok {
		for key, value := range present {
			result[key] = value
		}
	}
	for key, value := range change {
		if value == nil {
			delete(result, key)
		} else {
			result[key] = merge(result[key], value)
		}
	}
	return result
}

// parse reads exactly one JSON value; numbers stay as they were written.
func parse(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errNotJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errNotJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return value, nil
}

// text is the JSON of a value with sorted keys; the empty object is no text.
func text(value any) domain.Personal {
	if object, ok := value.(map[string]any); !ok || len(object) == 0 {
		return domain.Personal{}
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return domain.Personal{} // parse gave the value: it is JSON
	}
	return domain.NewPersonal(strings.TrimSuffix(buffer.String(), "\n"))
}
