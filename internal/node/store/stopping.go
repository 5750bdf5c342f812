package store

import (
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// stoppingFS is a disk that is not written to any more after the first write, sync or change of a folder that failed.
//
// Pebble alone does not see to that. It goes on after a manifest that could not be written, and removes the files that
// the new one does not need. It tries a flush again without end. It panics where a write-ahead log, or its folder,
// answers with an error, and where it has given up opening while a compaction runs. So after a failure a write does not
// return, but for write-ahead logs and folders, which answer that all is well and keep nothing. That deceives only
// Pebble: failure is set before, and whoever waits for a sync asks it afterwards. The database of a store that has
// failed is left as it is, and never closed.
type stoppingFS struct {
	vfs.FS
	failure *failure
}

// try changes the disk and notes if that fails, or if it did before. Then it does not return, unless deceive is set.
func (d stoppingFS) try(deceive bool, change func() error) {
	if d.failure.cause() == nil {
		err := change()
		if err == nil {
			return
		}
		d.failure.set(err)
	}
	if !deceive {
		select {}
	}
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
	made := stoppingFile{disk: d, deceived: strings.HasSuffix(name, ".log")}
	d.try(made.deceived, func() (err error) {
		made.File, err = create()
		return err
	})
	if made.File == nil {
		made.File = vfs.NewMemFile(nil)
	}
	return made, nil
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
	d.try(false, func() error { return d.FS.Link(from, to) })
	return nil
}

func (d stoppingFS) Rename(from, to string) error {
	d.try(false, func() error { return d.FS.Rename(from, to) })
	return nil
}

func (d stoppingFS) MkdirAll(dir string, mode os.FileMode) error {
	d.try(false, func() error { return d.FS.MkdirAll(dir, mode) })
	return nil
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
	// deceived tells that whoever writes to it goes on as if all were well.
	deceived bool
}

func (f stoppingFile) Write(p []byte) (int, error) {
	f.disk.try(f.deceived, func() error { _, err := f.File.Write(p); return err })
	return len(p), nil
}

func (f stoppingFile) WriteAt(p []byte, at int64) (int, error) {
	f.disk.try(f.deceived, func() error { _, err := f.File.WriteAt(p, at); return err })
	return len(p), nil
}

func (f stoppingFile) Preallocate(offset, length int64) error {
	f.disk.try(f.deceived, func() error { return f.File.Preallocate(offset, length) })
	return nil
}

func (f stoppingFile) Sync() error {
	f.disk.try(f.deceived, f.File.Sync)
	return nil
}

func (f stoppingFile) SyncData() error {
	f.disk.try(f.deceived, f.File.SyncData)
	return nil
}

func (f stoppingFile) SyncTo(length int64) (full bool, _ error) {
	f.disk.try(f.deceived, func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, nil
}

func (f stoppingFile) Close() error {
	f.disk.try(f.deceived, f.File.Close)
	return nil
}
