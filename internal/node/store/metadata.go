package store

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// Keys of stream metadata that the store gives a meaning to.
const (
	keyTruncateBefore = "$tb"
	keyMaxCount       = "$maxCount"
	keyMaxAge         = "$maxAge"
	keyACL            = "$acl"
)

// parseCut reads what a metadata event says about hiding events. What does not parse, is not JSON, or has a wrong
// type or sign hides nothing.
func parseCut(isJSON bool, data []byte) cut {
	if !isJSON {
		return cut{}
	}
	fields, ok := metadataObject(data)
	if !ok {
		return cut{}
	}
	return cut{
		before:   positive(fields[keyTruncateBefore]),
		maxCount: positive(fields[keyMaxCount]),
		maxAge:   positive(fields[keyMaxAge]),
	}
}

func metadataObject(data []byte) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		return nil, false
	}
	if acl, there := fields[keyACL]; there && !bytes.HasPrefix(bytes.TrimSpace(acl), []byte("{")) {
		return nil, false
	}
	return fields, true
}

// positive returns the integer that raw spells, or 0 for anything else.
func positive(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// withTruncateBefore returns metadata data with $tb set, all other keys kept in their order. Data that is no object
// yields metadata of $tb alone.
func withTruncateBefore(isJSON bool, data []byte, revision int64) []byte {
	value := strconv.FormatInt(revision, 10)
	alone := []byte(`{"` + keyTruncateBefore + `":` + value + `}`)
	if !isJSON {
		return alone
	}
	if _, ok := metadataObject(data); !ok {
		return alone
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return alone
	}
	var out bytes.Buffer
	out.WriteByte('{')
	written := false
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return alone
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return alone
		}
		name, ok := key.(string)
		if !ok || name == keyTruncateBefore {
			continue
		}
		if written {
			out.WriteByte(',')
		}
		written = true
		quoted, err := json.Marshal(name)
		if err != nil {
			return alone
		}
		out.Write(quoted)
		out.WriteByte(':')
		if err := json.Compact(&out, raw); err != nil {
			return alone
		}
	}
	if written {
		out.WriteByte(',')
	}
	out.WriteString(`"` + keyTruncateBefore + `":` + value + `}`)
	return out.Bytes()
}

// deletedMetadata is the whole metadata of a soft-deleted stream.
func deletedMetadata() []byte {
	return []byte(`{"` + keyTruncateBefore + `":` + strconv.FormatInt(math.MaxInt64, 10) + `}`)
}
