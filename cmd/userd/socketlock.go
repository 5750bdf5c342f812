package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// errSocketTaken reports the path of a socket that another process has.
var errSocketTaken = fmt.Errorf("%w: another process is running there", syscall.EADDRINUSE)

// socketLock is a locked file beside a socket. Between seeing that a socket is dead and putting another in its place
// somebody else may have done the same; who holds the lock knows that nobody has.
type socketLock struct {
	file    *os.File // nil for an address that is no path
	release func()
}

// lockSocket takes the lock of a socket's path. It returns errSocketTaken if somebody has it; a process that ends has it
// no more, however it ends.
func lockSocket(path string) (*socketLock, error) {
	if strings.HasPrefix(path, "@") { // abstract: it ends with its process, and nobody can replace it
		return &socketLock{release: func() {}}, nil
	}
	for {
		file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			if errors.Is(err, syscall.EWOULDBLOCK) {
				err = errSocketTaken
			}
			return nil, errors.Join(err, file.Close())
		}
		if isAt(file, path+".lock") {
			lock := &socketLock{file: file}
			lock.release = sync.OnceFunc(lock.remove)
			return lock, nil
		}
		_ = file.Close() // somebody removed it before we had it: it keeps nobody out
	}
}

func isAt(file *os.File, path string) bool {
	ours, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(ours, there)
}

func (l *socketLock) remove() {
	_ = os.Remove(l.file.Name()) // while it is locked: who waits for it looks whether it is still there
	_ = l.file.Close()
}
