package store

import "encoding/binary"

const (
	eventPrefix  = 'e'
	streamPrefix = 's'
	headPrefix   = 'h'

	eventKeyLen = 1 + 8
)

func appendEventKey(b []byte, position uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, eventPrefix), position)
}

func eventKeyPosition(key []byte) uint64 {
	return binary.BigEndian.Uint64(key[1:])
}

// appendStreamPrefix starts every index key of one stream. The length before the name keeps the keys of "a" and "ab"
// apart.
func appendStreamPrefix(b []byte, name string) []byte {
	b = binary.AppendUvarint(append(b, streamPrefix), uint64(len(name)))
	return append(b, name...)
}

func appendStreamKey(b []byte, name string, revision uint64) []byte {
	return binary.BigEndian.AppendUint64(appendStreamPrefix(b, name), revision)
}

func appendHeadKey(b []byte, name string) []byte {
	return append(append(b, headPrefix), name...)
}
