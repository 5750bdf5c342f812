package store_test

import (
	"context"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/node/store"
)

// appender is what writers see of a store.
type appender interface {
	Append(ctx context.Context, stream string, expected store.Expected, events []store.Event) (store.Result, error)
}

// variant is a store that has something wrong with it; the zero value has not.
type variant struct {
	disk     func(vfs.FS) vfs.FS
	appender func(*store.Store) appender
}

func (v variant) wrap(disk vfs.FS) vfs.FS {
	if v.disk == nil {
		return disk
	}
	return v.disk(disk)
}

func (v variant) of(s *store.Store) appender {
	if v.appender == nil {
		return s
	}
	return v.appender(s)
}

// hasty answers before anything is done.
type hasty struct{ store *store.Store }

func (h hasty) Append(ctx context.Context, stream string, expected store.Expected, events []store.Event) (store.Result, error) {
	go h.store.Append(context.WithoutCancel(ctx), stream, expected, events) // that is what is wrong with it
	return store.Result{}, nil
}

// halving appends in two steps.
type halving struct{ store *store.Store }

func (h halving) Append(ctx context.Context, stream string, expected store.Expected, events []store.Event) (store.Result, error) {
	half := (len(events) + 1) / 2
	result, err := h.store.Append(ctx, stream, expected, events[:half])
	if err != nil || half == len(events) {
		return result, err
	}
	return h.store.Append(ctx, stream, expected, events[half:])
}

// inventive adds an event of its own.
type inventive struct{ store *store.Store }

func (i inventive) Append(ctx context.Context, stream string, expected store.Expected, events []store.Event) (store.Result, error) {
	return i.store.Append(ctx, stream, expected, append(newEvents(1), events...))
}

// unsynced is a disk that tells of each write-ahead log that it was synced, and does nothing.
type unsynced struct{ vfs.FS }

func (u unsynced) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := u.FS.Create(name, category)
	return unsyncedIf(name, file), err
}

func (u unsynced) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := u.FS.ReuseForWrite(from, to, category)
	return unsyncedIf(to, file), err
}

func unsyncedIf(name string, file vfs.File) vfs.File {
	if file != nil && strings.HasSuffix(name, ".log") {
		return unsyncedFile{file}
	}
	return file
}

type unsyncedFile struct{ vfs.File }

func (unsyncedFile) Sync() error                { return nil }
func (unsyncedFile) SyncData() error            { return nil }
func (unsyncedFile) SyncTo(int64) (bool, error) { return true, nil }
