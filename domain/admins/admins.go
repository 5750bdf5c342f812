// Package admins guards that somebody can administer the installation. One stream lists who counts as an administrator:
// who holds the built-in role for good. Whoever is to lose it, or the use of their account, is taken off the list first,
// and the last one on it cannot be: removals meet in this stream, and one of any two rivals comes second. It imports
// domain and the standard library only.
package admins

import (
	"maps"

	"am-user-management/domain"
)

// ErrLast: nobody else could administer the installation.
var ErrLast = &domain.Error{
	Kind: domain.Conflict, Code: "roles.last-admin", Title: "The last administrator stays: make somebody else one first.",
}

// Stream is the name of the one stream.
const Stream = "admins-list"

// State is what events add up to. Its zero value is an empty list.
type State struct {
	// Members are those who were ever listed or taken off.
	Members map[domain.ID]Member
}

// Member is what the list knows of one user.
type Member struct {
	Listed bool
	// FromAccess and FromAccount are the revisions of the user's access and account from which on they may be listed
	// again: what was seen before is what they were taken off for.
	FromAccess, FromAccount uint64
}

// Empty reports whether nobody was ever listed.
func (s State) Empty() bool { return len(s.Members) == 0 }

// Others are the listed users but one.
func (s State) Others(user domain.ID) []domain.ID {
	var others []domain.ID
	for id, member := range s.Members {
		if member.Listed && id != user {
			others = append(others, id)
		}
	}
	return others
}

// Evolve returns the state after e. It cannot fail: e already happened.
func (s State) Evolve(e Event) State {
	members := maps.Clone(s.Members)
	if members == nil {
		members = make(map[domain.ID]Member)
	}
	switch e := e.(type) {
	case AdminListed:
		member := members[e.UserID]
		member.Listed = true
		members[e.UserID] = member
	case AdminDelisted:
		member := members[e.UserID]
		member.Listed = false
		if e.AccessRevision != nil {
			member.FromAccess = max(member.FromAccess, *e.AccessRevision+1)
		}
		if e.AccountRevision != nil {
			member.FromAccount = max(member.FromAccount, *e.AccountRevision+1)
		}
		members[e.UserID] = member
	}
	return State{Members: members}
}
