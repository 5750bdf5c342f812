package esdb

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// A tag is a field's number and the form of its value.
const (
	ofVarint = 0
	ofBytes  = 2
)

// fields goes over the fields of an encoded message. Unknown ones are for the
// caller to pass over.
type fields struct {
	rest []byte
	tag  uint64
	// varint or bytes is the value, as the tag has it.
	varint uint64
	bytes  []byte
	err    error
}

// next moves to the next field. It returns false at the end, or when err is set.
func (f *fields) next() bool {
	if len(f.rest) == 0 {
		return false
	}
	number, kind, n := protowire.ConsumeTag(f.rest)
	if n < 0 {
		return f.fail(n)
	}
	f.rest, f.tag, f.varint, f.bytes = f.rest[n:], protowire.EncodeTag(number, kind), 0, nil
	switch kind {
	case protowire.VarintType:
		f.varint, n = protowire.ConsumeVarint(f.rest)
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(f.rest)
	default:
		n = protowire.ConsumeFieldValue(number, kind, f.rest)
	}
	if n < 0 {
		return f.fail(n)
	}
	f.rest = f.rest[n:]
	return true
}

func (f *fields) fail(n int) bool {
	f.err = failure(ErrorCodeParsing, "malformed message: %w", protowire.ParseError(n))
	return false
}

// sizeOfBytes is the size of a field of type bytes, string or message with a
// number below 16; an empty one is left out.
func sizeOfBytes(length int) int {
	if length == 0 {
		return 0
	}
	return sizeOfMessage(length)
}

// sizeOfMessage is sizeOfBytes for messages: an empty one is present all the same.
func sizeOfMessage(length int) int { return 1 + protowire.SizeBytes(length) }

func appendBytes[T string | []byte](b []byte, tag uint64, value T) []byte {
	if len(value) == 0 {
		return b
	}
	return append(appendHead(b, tag, len(value)), value...)
}

// appendHead begins a field of that many bytes.
func appendHead(b []byte, tag uint64, length int) []byte {
	return protowire.AppendVarint(protowire.AppendVarint(b, tag), uint64(length))
}

func appendVarint(b []byte, tag uint64, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendVarint(b, tag), value)
}
