package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"am-user-management/domain"
)

// The limits of the metadata: of the whole after a patch, and of each patch.
const (
	maxMetadata    = 16 << 10 // bytes of JSON
	maxKeys        = 50       // on all levels together
	maxKey         = 64       // code points
	maxNumber      = 64       // characters
	maxNesting     = 16       // objects and arrays within each other
	clearsMetadata = "null"
)

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

// patchMetadata judges a patch as it was received. It returns the patch as it is to be stored, the metadata after it,
// and what is wrong with it, "" for nothing.
func patchMetadata(metadata domain.Personal, received json.RawMessage) (patch, merged domain.Personal, fault string) {
	if len(received) == 0 {
		return domain.Personal{}, metadata, ""
	}
	tooLarge := fmt.Sprintf("must be at most %d bytes of JSON", maxMetadata)
	if len(received) > maxMetadata {
		return domain.Personal{}, metadata, tooLarge
	}
	value, err := parse(received)
	if err != nil {
		return domain.Personal{}, metadata, err.Error()
	}
	if value == nil {
		return domain.NewPersonal(clearsMetadata), domain.Personal{}, ""
	}
	change, ok := value.(map[string]any)
	if !ok {
		return domain.Personal{}, metadata, "must be an object"
	}
	if fault := valueFault(change, maxNesting); fault != "" {
		return domain.Personal{}, metadata, fault
	}
	if len(change) == 0 {
		return domain.Personal{}, metadata, ""
	}
	patch = text(change)
	merged = MergeMetadata(metadata, patch)
	if len(merged.Text()) > maxMetadata {
		return patch, merged, tooLarge
	}
	if whole, err := parse([]byte(merged.Text())); err == nil && keys(whole) > maxKeys {
		return patch, merged, fmt.Sprintf("must have at most %d keys", maxKeys)
	}
	return patch, merged, ""
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

// valueFault looks for what may not stand anywhere in metadata.
func valueFault(value any, nesting int) string {
	if nesting < 0 {
		return fmt.Sprintf("must not be nested more than %d levels", maxNesting)
	}
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			if key == "" {
				return "must not have an empty key"
			}
			if fault := domain.LineFault(key, maxKey); fault != "" {
				return "keys " + fault
			}
			if fault := valueFault(member, nesting-1); fault != "" {
				return fault
			}
		}
	case []any:
		for _, element := range value {
			if fault := valueFault(element, nesting-1); fault != "" {
				return fault
			}
		}
	case string:
		return domain.TextFault(value, maxMetadata)
	case json.Number:
		return numberFault(value.String())
	}
	return ""
}

// numberFault refuses numbers that other programs, the database among them, cannot hold.
func numberFault(number string) string {
	const fault = "must not have numbers too large, too small or too long"
	value, err := strconv.ParseFloat(number, 64)
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	vanished := value == 0 && strings.ContainsAny(mantissa, "123456789")
	if err != nil || vanished || len(number) > maxNumber {
		return fault
	}
	return ""
}

// keys counts the keys on all levels.
func keys(value any) int {
	count := 0
	switch value := value.(type) {
	case map[string]any:
		count = len(value)
		for _, member := range value {
			count += keys(member)
		}
	case []any:
		for _, element := range value {
			count += keys(element)
		}
	}
	return count
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
