package access

import (
	"encoding/json"

	"am-user-management/internal/node/store"
)

// user is one as it is written down, under the names that EventStoreDB uses.
type user struct {
	LoginName string
	FullName  string
	// Salt is EventStoreDB's; a hash of ours contains its own.
	Salt string
	// Hash proves the password. Empty means that there is none: nobody can be this user.
	Hash     string
	Disabled bool
	Groups   []string
}

// account is a user as the log has it now.
type account struct {
	user

	// revision and position are those of the event that says so, updated is when it was written, in ticks of 100 ns
	// since the Unix epoch.
	revision int64
	position uint64
	updated  int64
}

// parseAccount returns nil for a user that is not there or not readable.
func parseAccount(event *store.Record) *account {
	if event == nil {
		return nil
	}
	a := &account{revision: int64(event.Revision), position: event.Position, updated: event.Created}
	if err := json.Unmarshal(event.Data, &a.user); err != nil || userPrefix+a.LoginName != string(event.Stream) {
		return nil
	}
	return a
}

func (a *account) principal() Principal {
	return Principal{Name: a.LoginName, Groups: a.Groups, hash: a.Hash}
}
