package postgres

import "syscall"

// freeBytes is how much room there is for more in a folder; ok is false if that is not known.
func freeBytes(dir string) (free uint64, ok bool) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return 0, false
	}
	return disk.Bavail * uint64(disk.Bsize), true
}
