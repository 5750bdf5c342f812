// Package esdb is a client for EventStoreDB over gRPC.
//
// It stands in for the official client module of the same import path, which
// not every module proxy serves: the same exported names with the same
// behaviour, written from scratch from a description of the protocol. Code
// written against it compiles and runs against the official module, so that a
// program swaps one for the other by a line in go.mod. It may import grpc,
// protobuf, uuid and this module's generated packages, and nothing else.
//
// That goes for its manners that callers must be built for, too: contexts are
// ignored while a node is looked for, and a client that found none is dead for
// good. Where it panics, or loses what was written, this one does better.
// Callers must not rely on that.
package esdb
