// Package access decides who may do what at a node that asks: users with passwords, and the access lists of streams.
// Both are kept in the log itself, as EventStoreDB keeps them: a user in the stream $user-<name>, the list of a stream in
// its metadata under $acl, the defaults of all streams in $settings. The package knows the log and no gRPC.
//
// What it caches it checks against the log at every call (see latest), so a change counts from its acknowledgement on.
package access

import (
	"errors"
	"strings"

	"am-user-management/internal/node/store"
)

var (
	// ErrDenied reports that the caller may not do what was asked.
	ErrDenied = errors.New("access denied")
	// ErrBadCredentials reports credentials that prove nobody: an unknown or disabled user, a wrong password, a malformed
	// header. Which of these it was is not told.
	ErrBadCredentials = errors.New("bad credentials")
	// ErrNoUser reports that there is no user of that name.
	ErrNoUser = errors.New("user not found")
	// ErrUserConflict reports that there is a user of that name already, or that it was changed meanwhile.
	ErrUserConflict = errors.New("user conflict")
	// ErrLastAdmin reports that no administrator would be left who may come in.
	ErrLastAdmin = errors.New("last administrator")
)

const (
	settingsStream = "$settings"
	userPrefix     = "$user-"
)

// Watch names the streams that this package caches; they are what store.Options.Watch wants to know.
func Watch(stream string) bool {
	return store.IsMetastream(stream) || stream == settingsStream || strings.HasPrefix(stream, userPrefix)
}
