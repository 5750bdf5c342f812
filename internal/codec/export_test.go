package codec

import (
	"reflect"

	"github.com/go-json-experiment/json"

	"am-user-management/internal/eventstore"
	"am-user-management/internal/keyring"
)

// ReadMetadata reads stored metadata, client sealed, by the scanner and by the JSON package; scanned is false where
// the scanner did not understand it.
func ReadMetadata(text []byte) (fast, slow any, scanned bool, err error) {
	var byScanner, byJSON storedMetadata
	scanned = byScanner.scan(text)
	err = json.Unmarshal(text, &byJSON)
	return byScanner, byJSON, scanned, err
}

// ReadEvent is ReadMetadata for the data of an event of the codec, whose sealed fields are opened with key.
func (c *Codec) ReadEvent(name string, record eventstore.Recorded, key keyring.Key) (fast, slow any, scanned bool, err error) {
	known, ok := c.types[name]
	if !ok {
		return nil, nil, false, nil
	}
	b := newBox()
	b.fill(record.Stream, record.ID, key, key, nil)
	byScanner, byJSON := reflect.New(known.goType), reflect.New(known.goType)
	scanned = known.layout.read(b, record.Data, byScanner.Elem())
	err = json.Unmarshal(record.Data, byJSON.Interface(), b.options)
	return byScanner.Elem().Interface(), byJSON.Elem().Interface(), scanned, err
}

// Scans reports whether events of this type are read without the JSON package.
func (c *Codec) Scans(name string) bool { return c.types[name].layout != nil }
