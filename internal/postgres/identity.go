package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is who the server's programs run as. PostgreSQL refuses to run as root, so root has two ways:
// another account, which must be able to enter the folder; or, where the folder lies below one that only root can
// enter, a user namespace in which root is called by that account's number.
type identity struct {
	uid, gid int
	mapped   bool // by a user namespace: files belong to root, the program sees uid
}

// accounts are the unprivileged accounts to run as when we are root, the best first.
var accounts = [...]string{"postgres", "nobody"}

// identify chooses who runs the server below dir. An existing data folder decides by its owner, so that a later
// start can read what an earlier one wrote.
func identify(dir, data string) (*identity, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	id, err := unprivileged()
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(data); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			if stat.Uid == 0 {
				id.mapped = true
				return id, nil
			}
			id.uid, id.gid = int(stat.Uid), int(stat.Gid)
		}
	}
	id.mapped = !id.canEnter(dir)
	return id, nil
}

// unprivileged looks for an account to run as.
func unprivileged() (*identity, error) {
	for _, name := range accounts {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(account.Uid)
		gid, gidErr := strconv.Atoi(account.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &identity{uid: uid, gid: gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as")
}

// canEnter reports whether the account may pass through dir and every folder above it.
func (id *identity) canEnter(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		mine := ok && int(stat.Uid) == id.uid && info.Mode()&0o100 != 0
		if !mine && info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// own makes the folder with access for the identity only. A nil identity is ourselves.
func (id *identity) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder, to be entered
		return err
	}
	if id == nil || id.mapped {
		return nil
	}
	return os.Chown(dir, id.uid, id.gid)
}

// explain adds what to do when the system forbids user namespaces.
func (id *identity) explain(dir string, err error) error {
	if err == nil || id == nil || !id.mapped || !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return fmt.Errorf("PostgreSQL refuses to run as root, and the folder %s lies below one that only root can enter; "+
		"choose another folder, let others pass through (chmod o+x), or run as an ordinary user: %w", dir, err)
}
