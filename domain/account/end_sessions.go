package account

import (
	"time"

	"am-user-management/domain"
)

// EndSessions ends every session of a user but one.
type EndSessions struct {
	UserID domain.ID
	// KeptSession is the session that goes on, zero for none.
	KeptSession domain.ID
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
	return []Event{SessionsEnded{UserID: c.UserID, KeptSession: c.KeptSession, At: c.Now}}, nil
}
