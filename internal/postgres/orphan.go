package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// acquire takes the lock file that says that this process runs the folder's server. The system frees it when the
// process ends, however it ends.
func acquire(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close() // nothing was written
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrInUse, filepath.Dir(path))
		}
		return nil, err
	}
	return file, nil
}

// orphanPoll is how often to look whether a server that was left behind has ended: it is nobody's child any more, so
// nobody can be told.
const orphanPoll = 20 * time.Millisecond

// endOrphan shuts down a server of this data folder whose parent died. Whoever holds the lock is the only one
// who may run one, so a server that still runs has lost its parent. A pid file without a server is the server's own
// business: it sees that and recovers.
func endOrphan(ctx context.Context, data string) error {
	pid, ok := orphan(data)
	if !ok {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the server left behind, process %d: %w", pid, err)
	}
	ticker := time.NewTicker(orphanPoll)
	defer ticker.Stop()
	for {
		if now, ok := orphan(data); !ok || now != pid {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server left behind, process %d, does not end: %w", pid, ctx.Err())
		case <-ticker.C:
		}
	}
}

// orphan returns the process of the folder's pid file if that process is a PostgreSQL server of this folder. The
// number alone proves nothing: it may have been given to another program since.
func orphan(data string) (pid int, ok bool) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err = strconv.Atoi(strings.TrimSpace(first)); err != nil || pid <= 1 {
		return 0, false
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		return pid, syscall.Kill(pid, 0) == nil // no /proc to ask: the pid file is all there is
	}
	cwd, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	return pid, err == nil && cwd == data
}
