package postgres

import "syscall"

// attributes makes a program run as the identity, in a process group of its own so that Ctrl-C in a terminal reaches
// it only through us. With dying set it is told to shut down when the thread that started it ends.
func (id *identity) attributes(dying bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if dying {
		attr.Pdeathsig = syscall.SIGINT
	}
	if id == nil {
		return attr
	}
	attr.Credential = &syscall.Credential{Uid: uint32(id.uid), Gid: uint32(id.gid), NoSetGroups: id.mapped}
	if id.mapped {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: id.uid, HostID: 0, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: id.gid, HostID: 0, Size: 1}}
	}
	return attr
}
