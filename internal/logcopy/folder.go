package logcopy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/node"
)

// Folder is the path in an address of the form folder:/path.
func Folder(address string) (path string, ok bool) { return strings.CutPrefix(address, "folder:") }

// openFolder runs the embedded node on a folder, in this process, behind a socket of its own. Its clock can be set to
// the time of each event that is copied into it.
func openFolder(ctx context.Context, folder string, logger *slog.Logger) (*Log, error) {
	var copied atomic.Pointer[time.Time]
	clock := func() time.Time {
		if at := copied.Load(); at != nil {
			return *at
		}
		return time.Now() //nolint:forbidigo // of what the node writes for itself when it starts
	}
	files := vfs.Default
	if entries, err := os.ReadDir(folder); err != nil || len(entries) == 0 { // nothing that could be lost
		files = unsynced{vfs.Default}
	}
	running, err := node.Open(node.Options{Dir: folder, Logger: logger, Clock: clock, FS: files})
	if err != nil {
		return nil, err
	}
	sockets, err := os.MkdirTemp("", "log")
	if err != nil {
		return nil, errors.Join(err, running.Close())
	}
	address := filepath.Join(sockets, "s")
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "unix", address)
	if err != nil {
		return nil, errors.Join(err, running.Close(), os.RemoveAll(sockets))
	}
	go running.Serve(listener) //nolint:errcheck // whoever calls it learns that it is gone
	connect, err := esdbstore.Connector("unix:"+address, nil)
	if err != nil {
		return nil, errors.Join(err, running.Close(), os.RemoveAll(sockets))
	}
	return &Log{
		connect: connect, patience: Patience, logger: logger,
		keepTime: func(at time.Time) { copied.Store(&at) },
		closers: []func() error{
			running.Close, func() error { return syncFolder(folder) }, func() error { return os.RemoveAll(sockets) },
		},
	}, nil
}
