package main

import (
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"am-user-management/internal/node/store"
)

// eventBytes is the size of an event's data in all comparisons.
const eventBytes = 600

// measureG7 compares the log itself, without gRPC, with what it is built on.
func measureG7(ctx context.Context, b *bench) ([]row, error) {
	ours, bare, err := b.pair(ctx, "store-append", "pebble-append", settings{})
	if err != nil {
		return nil, err
	}
	many, err := b.alternate(ctx, ours, bare, load{Callers: b.conns, For: b.seconds})
	if err != nil {
		return nil, err
	}
	rows := []row{ratio("G7", callers(b.conns), many, 0.50, 0.70)}
	one, err := b.alternate(ctx, ours, bare, load{Callers: 1, For: b.seconds})
	if err != nil {
		return rows, err
	}
	single := latencyRatio("G7", callers(1), one, sample.p50, 1.5, 1.5)
	single.note = "p50"
	return append(rows, single), nil
}

// openStoreAppend appends one event a call to the node's log, every call to a new stream.
func openStoreAppend(_ context.Context, s settings) (*subject, error) {
	log, err := store.Open(store.Options{Dir: filepath.Join(s.Dir, "log")})
	if err != nil {
		return nil, err
	}
	data := make([]byte, eventBytes)
	return &subject{close: log.Close, work: func(ctx context.Context, l load) (sample, error) {
		return drive(ctx, l, timed(func(ctx context.Context, _ int) error {
			id := uuid.New()
			_, err := log.Append(ctx, "account-"+id.String(), store.NoStream,
				[]store.Event{{ID: store.ID(id), Type: "account.user_created.v1", JSON: true, Data: data}})
			return err
		}))
	}}, nil
}

// openPebbleAppend writes the three keys of an event in one synced batch, and nothing else.
func openPebbleAppend(_ context.Context, s settings) (*subject, error) {
	db, err := openPebble(s.Dir)
	if err != nil {
		return nil, err
	}
	data := make([]byte, eventBytes)
	var next atomic.Uint64
	return &subject{close: db.Close, work: func(ctx context.Context, l load) (sample, error) {
		return drive(ctx, l, timed(func(context.Context, int) error {
			return writeThree(db, next.Add(1), "account-"+uuid.NewString(), data)
		}))
	}}, nil
}

// openPebble opens a database with the memory that the node gives its own.
func openPebble(dir string) (*pebble.DB, error) {
	cache := pebble.NewCache(32 << 20)
	defer cache.Unref()
	return pebble.Open(filepath.Join(dir, "pebble"), &pebble.Options{
		Cache: cache, MemTableSize: 16 << 20, MemTableStopWritesThreshold: 4,
		FormatMajorVersion: pebble.FormatNewest, Logger: silent{},
	})
}

// writeThree writes an event, its place in its stream and the head of the stream, and waits for the disk.
func writeThree(db *pebble.DB, position uint64, stream string, data []byte) error {
	key := binary.BigEndian.AppendUint64(nil, position)
	batch := db.NewBatch()
	err := errors.Join(
		batch.Set(append([]byte("e"), key...), data, nil),
		batch.Set(append([]byte("s"+stream+"\x00"), key...), key, nil),
		batch.Set([]byte("h"+stream), key, nil),
	)
	if err != nil {
		return errors.Join(err, batch.Close())
	}
	return batch.Commit(pebble.Sync)
}

// silent is a logger for Pebble; what fails is returned as well.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
