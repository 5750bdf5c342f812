package notice

import (
	"time"

	"am-user-management/domain"
)

// Give notes that a notice was given.
type Give struct {
	UserID   domain.ID
	EffectID domain.ID
	About    string
	Now      time.Time
}

// Stream is the one of the user's notices.
func (c Give) Stream() string { return StreamOf(c.UserID) }

// Decide notes the notice.
//
//	GIVEN a notice that was not given
//	THEN  NoticeGiven
//	IDEMPOTENCY nothing when it was given before
func (c Give) Decide(s State) ([]Event, error) {
	if s.Given[c.EffectID] {
		return nil, nil
	}
	return []Event{NoticeGiven{UserID: c.UserID, EffectID: c.EffectID, About: c.About, At: c.Now}}, nil
}
