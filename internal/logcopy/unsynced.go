package logcopy

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// unsynced is the file system, but nothing waits for the disk: a new folder is synced once, when it is closed. A kill
// loses nothing; a power cut before that loses the copy.
type unsynced struct{ vfs.FS }

type unsyncedFile struct{ vfs.File }

func (unsyncedFile) Sync() error                { return nil }
func (unsyncedFile) SyncData() error            { return nil }
func (unsyncedFile) SyncTo(int64) (bool, error) { return true, nil }

func wrap(file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedFile{file}, nil
}

// Create is the file system's.
func (u unsynced) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return wrap(u.FS.Create(name, category))
}

// OpenReadWrite is the file system's.
func (u unsynced) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return wrap(u.FS.OpenReadWrite(name, category, opts...))
}

// OpenDir is the file system's.
func (u unsynced) OpenDir(name string) (vfs.File, error) { return wrap(u.FS.OpenDir(name)) }

// ReuseForWrite is the file system's.
func (u unsynced) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return wrap(u.FS.ReuseForWrite(oldname, newname, category))
}

// Unwrap is the file system's own.
func (u unsynced) Unwrap() vfs.FS { return u.FS }

// syncFolder brings all files of a folder, and itself, onto the disk.
func syncFolder(folder string) error {
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file, err := os.Open(path) //nolint:gosec // the folder is the operator's own, and what is in it was just written
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was only synced
		return file.Sync()
	})
}
