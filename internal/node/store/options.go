package store

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options say where a store lives and what it is given. Dir is required.
type Options struct {
	// Dir is the folder of the log. It is created if missing.
	Dir string
	// FS is the file system that holds Dir; nil means the operating system's.
	FS vfs.FS
	// Logger receives what the operator should know; nil discards it.
	Logger *slog.Logger
	// Clock gives the time at which events are created and against which their age is measured; nil means time.Now.
	Clock func() time.Time
	// NewID gives ids to the events that the store writes itself; nil means random ones.
	NewID func() ID
	// MaxAppendSize limits the bytes of event data in one append; 0 means 1 MiB.
	MaxAppendSize int
	// Watch names the streams whose changes Watched tells; nil means none. It is asked of every stream that is written.
	Watch func(stream string) bool
	// MemTableBytes is how much is written before it goes from the write-ahead log to a table, and a quarter of what may
	// wait for that in memory; 0 means 16 MiB.
	MemTableBytes int
}

const (
	defaultMaxAppendSize = 1 << 20

	// cacheBytes bounds blocks and memtables together: Pebble takes the memory of memtables from its cache.
	cacheBytes           = 64 << 20
	defaultMemTableBytes = 16 << 20
	// memTables bounds the memory of writes that wait for a flush.
	memTables = 4

	filterBitsPerKey = 10
	blockBytes       = 8 << 10
	// indexBlockBytes is large enough for tables to need no index of their index.
	indexBlockBytes = 256 << 10

	// headCacheEntries bounds each of the two caches of stream heads, about 200 bytes an entry.
	headCacheEntries = 16 << 10
	// idCacheEntries bounds the memory of ids for appends at any revision, about 8 MiB when full.
	idCacheEntries = 64 << 10
	// recentRecords and recentBytes bound the records kept for live subscribers.
	recentRecords = 8 << 10
	recentBytes   = 8 << 20

	// flushOnCloseAbove is how many bytes that are only in the write-ahead log are worth a flush at the end, so that the
	// next start has less to replay.
	flushOnCloseAbove = 1 << 20

	queueLength = 1024
	// groupWrites and groupBytes end a group that would keep its first writer waiting.
	groupWrites = 1024
	groupBytes  = 4 << 20
	// yields is how often the sequencer lets other goroutines run before it builds a group.
	yields = 2
	// groupsInFlight is how many groups may wait for the disk while the next one is built.
	groupsInFlight = 128
)
