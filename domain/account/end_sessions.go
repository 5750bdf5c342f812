package account

import (
	"time"

	"am-user-management/domain"
)

// EndSessions ends every session of a user but one.
type EndSessions struct {
	UserID domain.ID
	// KeptSession is the session that goes on, zero for none; KeptEpoch the count of endings that it was started under.
	KeptSession domain.ID
	KeptEpoch   int64
	Now         time.Time
}

// Stream is the account's.
func (c EndSessions) Stream() string { return StreamOf(c.UserID) }

// Decide ends the sessions, whether there are any or not: that is not known here.
//
//	GIVEN an account
//	THEN  SessionsEnded
//	ERROR ErrNotFound
//	IDEMPOTENCY by the command's id, outside
func (c EndSessions) Decide(s State) ([]Event, error) {
	if !s.Exists() || s.Erased {
		return nil, ErrNotFound
	}
	return []Event{SessionsEnded{UserID: c.UserID, KeptSession: s.keep(c.KeptSession, c.KeptEpoch), At: c.Now}}, nil
}

// keep is the session, if it still holds: one that ended while its request was under way must not come back by it.
func (s State) keep(session domain.ID, epoch int64) domain.ID {
	if epoch < s.SessionEpoch && session != s.KeptSession {
		return domain.ID{}
	}
	return session
}
