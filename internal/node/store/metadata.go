package store

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// Keys of stream metadata that the store knows.
const (
	keyTruncateBefore = "$tb"
	keyMaxCount       = "$maxCount"
	keyMaxAge         = "$maxAge"
	keyCacheControl   = "$cacheControl"
	keyTemporary      = "$tmp"
	keyACL            = "$acl"

	// longestAge is as many seconds as EventStoreDB can count.
	longestAge = math.MaxInt64 / ticksPerSecond
)

// aclKeys are those of an access list. One with others cannot be read.
var aclKeys = map[string]bool{"$r": true, "$w": true, "$d": true, "$mr": true, "$mw": true}

// parseCut reads what a metadata event says about hiding events. What does not parse or is not JSON hides nothing, nor does
// a document of which one known key has a wrong type, whatever its other keys say; a wrong sign spoils its own key only.
func parseCut(isJSON bool, data []byte) cut {
	if !isJSON {
		return cut{}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return cut{}
	}
	numbers := map[string]int64{}
	for key, value := range fields {
		readable := true
		switch key {
		case keyTruncateBefore, keyMaxCount, keyMaxAge, keyCacheControl:
			var err error
			numbers[key], err = strconv.ParseInt(string(value), 10, 64)
			readable = err == nil && (key != keyMaxAge && key != keyCacheControl || numbers[key] <= longestAge)
		case keyTemporary:
			readable = string(value) == "true" || string(value) == "false"
		case keyACL:
			readable = readableACL(value)
		}
		if !readable {
			return cut{}
		}
	}
	return cut{
		before:   max(numbers[keyTruncateBefore], 0),
		maxCount: max(numbers[keyMaxCount], 0),
		maxAge:   max(numbers[keyMaxAge], 0),
	}
}

// readableACL tells whether an access list is one: roles of each action as a text or as a list of texts.
func readableACL(document json.RawMessage) bool {
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(document, &lists); err != nil || lists == nil {
		return false
	}
	for key, roles := range lists {
		var one *string
		var several []*string
		single := json.Unmarshal(roles, &one) == nil && one != nil
		list := json.Unmarshal(roles, &several) == nil && several != nil && !slices.Contains(several, nil)
		if !aclKeys[key] || !single && !list {
			return false
		}
	}
	return true
}

// withTruncateBefore returns metadata data with $tb set, in its place if it has one, and all other keys kept in their order.
// It reports false for data that is no object.
func withTruncateBefore(data []byte, revision int64) ([]byte, bool) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		return nil, false
	}
	value := json.RawMessage(strconv.AppendInt(nil, revision, 10))
	_, there := fields[keyTruncateBefore]
	var out bytes.Buffer
	separator := byte('{')
	add := func(key string, value json.RawMessage) error {
		out.WriteByte(separator)
		separator = ','
		if err := writeText(&out, key); err != nil {
			return err
		}
		out.WriteByte(':')
		return json.Compact(&out, value)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	_, err := decoder.Token() // the opening brace
	for err == nil && decoder.More() {
		var key json.Token
		if key, err = decoder.Token(); err != nil {
			break
		}
		var own json.RawMessage
		if err = decoder.Decode(&own); err != nil {
			break
		}
		name, _ := key.(string)
		if name == keyTruncateBefore {
			own = value
		}
		err = add(name, own)
	}
	if err == nil && !there {
		err = add(keyTruncateBefore, value)
	}
	out.WriteByte('}')
	return out.Bytes(), err == nil
}

// writeText writes a JSON text as it is, without the escapes that only HTML needs.
func writeText(out *bytes.Buffer, text string) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the encoder ends a line
	return nil
}

// deletedMetadata is the whole metadata of a soft-deleted stream.
func deletedMetadata() []byte {
	return []byte(`{"` + keyTruncateBefore + `":` + strconv.FormatInt(math.MaxInt64, 10) + `}`)
}
