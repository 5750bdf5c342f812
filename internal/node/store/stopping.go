package store

import (
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// stoppingFS is a disk that is not written to any more after the first write, sync or change of a folder that failed.
//
// Pebble alone does not see to that: it goes on after a manifest that could not be written, and removes the files that
// the new one does not need; and it panics where a write-ahead log, or its folder, answers with an error. So these
// answer that all is well, and keep nothing. That deceives only Pebble: failure is set before, and whoever waits for a
// sync asks it afterwards.
type stoppingFS struct {
	vfs.FS
	failure *failure
	// opened is closed when Pebble has opened. A disk that failed before that does not return from a write at all.
	opened chan struct{}
}

// try changes the disk, unless it has failed, and notes whether it does so now.
func (d stoppingFS) try(change func() error) error {
	if d.failure.cause() == nil {
		err := change()
		if err == nil {
			return nil
		}
		d.failure.set(err)
	}
	<-d.opened
	return d.failure.cause()
}

// Lock lets Pebble have what the store has locked already.
func (d stoppingFS) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (d stoppingFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.make(name, func() (vfs.File, error) { return d.FS.Create(name, category) })
}

func (d stoppingFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.make(to, func() (vfs.File, error) { return d.FS.ReuseForWrite(from, to, category) })
}

func (d stoppingFS) make(name string, create func() (vfs.File, error)) (vfs.File, error) {
	deceived := strings.HasSuffix(name, ".log")
	var file vfs.File
	err := d.try(func() (err error) {
		file, err = create()
		return err
	})
	if err != nil {
		if deceived {
			return stoppingFile{File: vfs.NewMemFile(nil), disk: d, deceived: true}, nil
		}
		return nil, err
	}
	return stoppingFile{File: file, disk: d, deceived: deceived}, nil
}

func (d stoppingFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	return d.make(name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, category, options...) })
}

func (d stoppingFS) OpenDir(name string) (vfs.File, error) {
	file, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return stoppingFile{File: file, disk: d, deceived: true}, nil
}

func (d stoppingFS) Link(from, to string) error {
	return d.try(func() error { return d.FS.Link(from, to) })
}

func (d stoppingFS) Rename(from, to string) error {
	return d.try(func() error { return d.FS.Rename(from, to) })
}

func (d stoppingFS) MkdirAll(dir string, mode os.FileMode) error {
	return d.try(func() error { return d.FS.MkdirAll(dir, mode) })
}

// Remove keeps what is there once the disk has failed. To fail to remove something loses nothing.
func (d stoppingFS) Remove(name string) error {
	if err := d.failure.cause(); err != nil {
		return err
	}
	return d.FS.Remove(name)
}

// RemoveAll is as Remove.
func (d stoppingFS) RemoveAll(name string) error {
	if err := d.failure.cause(); err != nil {
		return err
	}
	return d.FS.RemoveAll(name)
}

// stoppingFile is a file or folder of a stoppingFS.
type stoppingFile struct {
	vfs.File
	disk stoppingFS
	// deceived tells that the reader of errors must not see them.
	deceived bool
}

func (f stoppingFile) try(change func() error) error {
	err := f.disk.try(change)
	if f.deceived {
		return nil
	}
	return err
}

func (f stoppingFile) Write(p []byte) (int, error) {
	if err := f.try(func() error { _, err := f.File.Write(p); return err }); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f stoppingFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.try(func() error { _, err := f.File.WriteAt(p, at); return err }); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f stoppingFile) Preallocate(offset, length int64) error {
	return f.try(func() error { return f.File.Preallocate(offset, length) })
}

func (f stoppingFile) Sync() error     { return f.try(f.File.Sync) }
func (f stoppingFile) SyncData() error { return f.try(f.File.SyncData) }

func (f stoppingFile) SyncTo(length int64) (full bool, err error) {
	err = f.try(func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}

func (f stoppingFile) Close() error {
	err := f.File.Close()
	if f.deceived {
		return nil
	}
	return err
}
