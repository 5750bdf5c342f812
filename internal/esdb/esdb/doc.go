// Package esdb is a client for EventStoreDB over gRPC.
//
// It stands in for the official client module of the same import path, which
// not every module proxy serves: the same exported names with the same
// behaviour, written from scratch from a description of the protocol. Code
// written against it compiles and runs against the official module, so that a
// program swaps one for the other by a line in go.mod. It may import grpc,
// protobuf, uuid and this module's generated packages, and nothing else.
//
// Where the official client is known to hang, panic or give up for good
// (contexts ignored during discovery, a client that is dead after a failed
// discovery, messages it does not know), this one does better. Callers must
// not rely on that.
package esdb
