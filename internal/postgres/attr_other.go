//go:build unix && !linux

package postgres

import "syscall"

// attributes makes a program run as the identity, in a process group of its own. Only Linux can tell a child that its
// parent died; elsewhere the next start ends a server that was left behind.
func (id *identity) attributes(bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if id != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(id.uid), Gid: uint32(id.gid)}
	}
	return attr
}
