package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// listenSocket listens at the path of a unix socket. A socket that is there and leads to nobody is what a killed process
// left behind, and is replaced; whatever else is there stays, and is an error. Of several that find a dead one, one gets
// the path.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	lock, err := lockSocket(path)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", path, err)
	}
	listener, err := listenLocked(ctx, path)
	if err != nil {
		lock.release()
		return nil, err
	}
	file, _ := os.Lstat(path) // an abstract address has no file, and nothing to remove
	return &socketListener{Listener: listener, path: path, file: file, lock: lock}, nil
}

func listenLocked(ctx context.Context, path string) (net.Listener, error) {
	if err := removeDeadSocket(ctx, path); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if unix, ok := listener.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false) // it would remove whatever is at the path by then
	}
	return listener, nil
}

func removeDeadSocket(ctx context.Context, path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("listen at %s: what is there is no socket", path)
	}
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = connection.Close() // nothing was said
		return fmt.Errorf("listen at %s: %w", path, errSocketTaken)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("listen at %s: %w: %w", path, syscall.EADDRINUSE, err)
	}
	return os.Remove(path)
}

// socketListener removes its socket when it is closed, but not one that another process has put in its place since.
type socketListener struct {
	net.Listener
	path string
	file fs.FileInfo // the socket; no other file gets its number while we listen
	lock *socketLock
}

func (l *socketListener) Close() error {
	if file, err := os.Lstat(l.path); err == nil && os.SameFile(file, l.file) {
		_ = os.Remove(l.path) // if it stays, the next start replaces it
	}
	err := l.Listener.Close()
	l.lock.release()
	return err
}
