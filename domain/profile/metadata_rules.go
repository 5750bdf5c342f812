package profile

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"am-user-management/domain"
)

// The limits of the metadata: of the whole after a patch, and of each patch.
const (
	maxMetadata = 16 << 10 // bytes of JSON
	maxKeys     = 50       // on all levels together
	maxKey      = 64       // code points
	maxNumber   = 64       // characters
	maxNesting  = 16       // objects and arrays within each other
)

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

// valueFault looks for what may not stand anywhere in metadata; nesting is how many levels are left.
func valueFault(value any, nesting int) string {
	switch value := value.(type) {
	case map[string]any:
		if nesting == 0 {
			return tooDeep()
		}
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
		if nesting == 0 {
			return tooDeep()
		}
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

func tooDeep() string { return fmt.Sprintf("must not be nested more than %d levels", maxNesting) }

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
