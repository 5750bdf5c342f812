// Package store is the embedded node's event log: one totally ordered log of events over Pebble, with an index per
// stream. It holds the append rules of EventStoreDB (expected revision, idempotency, truncation, deletion) and knows
// nothing of gRPC.
//
// Three promises carry the rest. A write is acknowledged only after its log record was synced. A reader sees a record
// only when it is durable, and never one without all records before it. When a sync fails the store stops for good:
// what it could not make durable is never acknowledged, and nothing is written after it.
//
// One goroutine (the sequencer) orders and checks all writes, a second one (the committer) waits for the disk and
// publishes, so the next group of writes is built while the last one syncs.
//
// Layout, all numbers big endian:
//
//	'e' position                    -> the event, as an encoded event_store.client.streams RecordedEvent
//	's' len(name) name revision     -> position of that event
//	'h' name                        -> the stream's head: last revision, tombstone, metadata in force
package store
