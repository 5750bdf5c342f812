package esdb

import (
	"encoding/json"
	"fmt"
	"time"
)

// Keys of the store in a metadata document.
const (
	keyMaxCount       = "$maxCount"
	keyMaxAge         = "$maxAge"
	keyTruncateBefore = "$tb"
	keyCacheControl   = "$cacheControl"
	keyAcl            = "$acl"
)

// ToJson is the document that the store keeps.
//
//nolint:revive // the official client's spelling
func (m StreamMetadata) ToJson() ([]byte, error) {
	document := make(map[string]any, len(m.custom)+5)
	for key, value := range m.custom {
		if !isReserved(key) {
			document[key] = value
		}
	}
	if m.maxCount != nil {
		document[keyMaxCount] = *m.maxCount
	}
	if m.maxAge != nil {
		document[keyMaxAge] = int64(*m.maxAge / time.Second)
	}
	if m.truncateBefore != nil {
		document[keyTruncateBefore] = *m.truncateBefore
	}
	if m.cacheControl != nil {
		document[keyCacheControl] = int64(*m.cacheControl / time.Second)
	}
	switch acl := m.acl.(type) {
	case nil:
	case Acl:
		document[keyAcl] = acl.document()
	case string:
		if err := checkAclText(acl); err != nil {
			return nil, err
		}
		document[keyAcl] = acl
	default:
		return nil, fmt.Errorf("%T is no access rule", acl)
	}
	return json.Marshal(document)
}

// StreamMetadataFromJson reads the document that the store keeps. The error is
// plain.
//
//nolint:revive // the official client's spelling
func StreamMetadataFromJson(text []byte) (*StreamMetadata, error) {
	var document map[string]json.RawMessage
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("stream metadata: %w", err)
	}
	metadata := new(StreamMetadata)
	for key, value := range document {
		if err := metadata.read(key, value); err != nil {
			return nil, fmt.Errorf("stream metadata: %s: %w", key, err)
		}
	}
	return metadata, nil
}

func (m *StreamMetadata) read(key string, value json.RawMessage) error {
	var err error
	switch key {
	case keyMaxCount:
		m.maxCount, err = readNumber(value)
	case keyTruncateBefore:
		m.truncateBefore, err = readNumber(value)
	case keyMaxAge:
		m.maxAge, err = readSeconds(value)
	case keyCacheControl:
		m.cacheControl, err = readSeconds(value)
	case keyAcl:
		m.acl, err = readAcl(value)
	default:
		var property any
		err = json.Unmarshal(value, &property)
		m.AddCustomProperty(key, property)
	}
	return err
}

func readNumber(value json.RawMessage) (*uint64, error) {
	number := new(uint64)
	return number, json.Unmarshal(value, number)
}

func readSeconds(value json.RawMessage) (*time.Duration, error) {
	var seconds int64
	if err := json.Unmarshal(value, &seconds); err != nil {
		return nil, err
	}
	age := time.Duration(seconds) * time.Second
	return &age, nil
}

func readAcl(value json.RawMessage) (any, error) {
	var text string
	if err := json.Unmarshal(value, &text); err == nil {
		return text, checkAclText(text)
	}
	var document aclDocument
	if err := json.Unmarshal(value, &document); err != nil {
		return nil, err
	}
	return document.acl(), nil
}
