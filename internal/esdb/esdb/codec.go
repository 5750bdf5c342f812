package esdb

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// outgoing is a message that is encoded already.
type outgoing []byte

// incoming is a message that reads itself. It may keep the bytes.
type incoming interface {
	decode(message []byte) error
}

// codec lets the hot paths, appending and reading events, bypass the generated
// messages: these cost several times the allocations of what they carry. All
// other messages are protobuf's as usual.
type codec struct{}

// Name is empty so that the content type stays plain application/grpc.
func (codec) Name() string { return "" }

func (codec) Marshal(message any) (mem.BufferSlice, error) {
	switch message := message.(type) {
	case outgoing:
		return mem.BufferSlice{mem.SliceBuffer(message)}, nil
	case proto.Message:
		bytes, err := proto.Marshal(message)
		return mem.BufferSlice{mem.SliceBuffer(bytes)}, err
	}
	return nil, fmt.Errorf("%T is no message", message)
}

func (codec) Unmarshal(data mem.BufferSlice, message any) error {
	switch message := message.(type) {
	case incoming:
		return message.decode(data.Materialize())
	case proto.Message:
		return proto.Unmarshal(data.Materialize(), message)
	}
	return fmt.Errorf("%T is no message", message)
}

var _ encoding.CodecV2 = codec{}
