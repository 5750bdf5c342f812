package clustertest

import (
	"fmt"

	"google.golang.org/grpc/mem"
)

// frames is the codec of who hands messages on without looking into them: a message is a *[]byte.
type frames struct{}

// Marshal returns the bytes.
func (frames) Marshal(message any) (mem.BufferSlice, error) {
	text, ok := message.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("%T is no frame", message)
	}
	return mem.BufferSlice{mem.SliceBuffer(*text)}, nil
}

// Unmarshal keeps the bytes.
func (frames) Unmarshal(data mem.BufferSlice, message any) error {
	text, ok := message.(*[]byte)
	if !ok {
		return fmt.Errorf("%T is no frame", message)
	}
	*text = data.Materialize()
	return nil
}

// Name is that of the codec whose messages these are.
func (frames) Name() string { return "proto" }
