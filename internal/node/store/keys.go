package store

import "encoding/binary"

const (
	eventPrefix  = 'e'
	streamPrefix = 's'
	headPrefix   = 'h'

	eventKeyLen = 1 + positionLen
	positionLen = 8
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

// splitStreamKey returns what an index key is made of, and whether it is one.
func splitStreamKey(key []byte) (name []byte, revision uint64, ok bool) {
	size, n := binary.Uvarint(key[1:])
	if n <= 0 || uint64(len(key)) != 1+uint64(n)+size+positionLen {
		return nil, 0, false
	}
	name = key[1+n : len(key)-positionLen]
	return name, streamKeyRevision(key), true
}

// streamKeyRevision returns the revision at the end of an index key.
func streamKeyRevision(key []byte) uint64 {
	return binary.BigEndian.Uint64(key[len(key)-positionLen:])
}

func headKeyName(key []byte) string { return string(key[1:]) }

func appendHeadKey(b []byte, name string) []byte {
	return append(append(b, headPrefix), name...)
}
