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
// What is on the disk is checked, not trusted. The file DURABLE says how far the log was durable (mark): a log that ends
// before that is refused, and left as it is, instead of going on without what was acknowledged. A write that never
// finished is dropped. Records carry a checksum over their place and bytes, positions and revisions have no gaps, and
// the index must lead to the right event; a read of what is damaged fails with a CorruptError, and other reads and
// writes go on. Verify reads everything and names the first fault. Against somebody who changes events and checksums
// alike there is nothing here: that takes a copy outside this machine.
//
// A disk that refuses a write, a full one too, stops the store at once (stoppingFS): nothing is written, synced again or
// removed after that, and writers, readers that wait and Open hear the cause. What was acknowledged is there when the
// folder is opened again.
//
// Layout, all numbers big endian, each event and head followed by its checksum:
//
//	'e' position                    -> the event, as an encoded event_store.client.streams RecordedEvent
//	's' len(name) name revision     -> position of that event
//	'h' name                        -> the stream's head: last revision, tombstone, metadata in force
package store
