package node

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// encoded is a message in its final bytes. Stored events reach the wire in this form, never decoded.
type encoded struct {
	bytes mem.BufferSlice
}

// codec is protobuf's, with encoded messages passed through.
type codec struct {
	encoding.CodecV2
}

func newCodec() codec {
	return codec{CodecV2: encoding.GetCodecV2(proto.Name)}
}

// Marshal returns the bytes of v.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if message, ok := v.(*encoded); ok {
		return message.bytes, nil
	}
	return c.CodecV2.Marshal(v)
}
