package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"am-user-management/internal/config"
	"am-user-management/internal/node"
	"am-user-management/internal/node/access"
)

var (
	errHalfTLS      = errors.New("--tls-cert and --tls-key belong together")
	errResetNothing = errors.New("--reset-passwords needs EVENTSTORE_DEFAULT_ADMIN_PASSWORD or EVENTSTORE_DEFAULT_OPS_PASSWORD")
	errResetNoTLS   = errors.New("--reset-passwords is for a node with --tls-cert and --tls-key; without, nobody needs a password")
)

// nodeSecurity is what the flags say of TLS and users; nil for a node without.
func nodeSecurity(certificate, key string, reset bool, users config.NodeUsers, log *slog.Logger) (*node.Security, error) {
	switch {
	case (certificate == "") != (key == ""):
		return nil, errHalfTLS
	case certificate == "" && reset:
		return nil, errResetNoTLS
	case certificate == "":
		return nil, nil
	case reset && !users.NodeAdminPassword.IsSet() && !users.NodeOpsPassword.IsSet():
		return nil, errResetNothing
	}
	tls, err := node.LoadCertificate(certificate, key, log)
	if err != nil {
		return nil, err
	}
	return &node.Security{TLS: tls, Passwords: access.Passwords{
		Admin: users.NodeAdminPassword.Text(), Ops: users.NodeOpsPassword.Text(), Reset: reset,
	}}, nil
}

// explainNode adds what the operator can do about it.
func explainNode(err error) error {
	if errors.Is(err, access.ErrNoAdminPassword) {
		return fmt.Errorf("%w: set EVENTSTORE_DEFAULT_ADMIN_PASSWORD, or EVENTSTORE_DEFAULT_ADMIN_PASSWORD_FILE", err)
	}
	return err
}

// warnOfOpenDoor says so where anybody on the network may do everything.
func warnOfOpenDoor(listener net.Listener, options node.Options) {
	tcp, ok := listener.Addr().(*net.TCPAddr)
	if ok && options.Security == nil && !tcp.IP.IsLoopback() && options.Logger != nil {
		options.Logger.Warn("the event store listens in clear text and asks nobody who they are: whoever reaches this address "+
			"can read, write and delete everything; give --tls-cert and --tls-key, or listen on loopback", "address", tcp.String())
	}
}
